// SPDX-License-Identifier: Apache-2.0
#include "policy/session_fixture.h"

namespace tutti::policy {
namespace {

TEST_F(SessionTest, OpensAnEngineWithTheFirstAudioAndSendsWhatWasKept) {
    EXPECT_EQ(actions(), "");
    audio(160);
    EXPECT_EQ(actions(), "want");
    audio(160);
    EXPECT_EQ(actions(), "");
    machine.on_engine_found(9);
    EXPECT_EQ(actions(), "open@0");
    machine.on_message(proto::Opened{});
    EXPECT_EQ(actions(), "audio@0+320");
    audio(10);
    EXPECT_EQ(actions(), "audio@320+10");
}

TEST_F(SessionTest, SendsNoFurtherThanTheCreditWindow) {
    open();
    audio(kCreditWindow + 1000);
    EXPECT_EQ(actions(), fmt::format("audio@100+{}", kCreditWindow - 100));
    machine.on_message(proto::Credit{{}, 500, 500});
    EXPECT_EQ(actions(), fmt::format("audio@{}+500", kCreditWindow));
}

TEST_F(SessionTest, StopsTakingAudioAtTheBacklogLimit) {
    open();
    audio(30 * kSampleRate);
    EXPECT_FALSE(machine.accepts_audio());
    machine.on_message(proto::Credit{{}, 5 * kSampleRate, 5 * kSampleRate});
    EXPECT_TRUE(machine.accepts_audio());
}

TEST_F(SessionTest, SettledAudioIsForgotten) {
    open();
    audio(10 * kSampleRate);
    machine.on_message(proto::Credit{{}, 10 * kSampleRate, 9 * kSampleRate});
    EXPECT_LE(machine.kept_samples(), static_cast<std::size_t>(2 * kSampleRate));
}

TEST_F(SessionTest, ALostEngineIsReplacedAndHearsTheAudioSinceTheLastFinal) {
    open();
    audio(3 * kSampleRate);
    (void)actions();
    machine.on_message(final_of("one", 8000));
    EXPECT_EQ(actions(), "final:one");
    machine.on_engine_lost();
    EXPECT_EQ(actions(), "want");
    audio(50);
    machine.on_engine_found(2);
    EXPECT_EQ(actions(), "open@8000");
    machine.on_message(proto::Opened{});
    EXPECT_EQ(actions(), fmt::format("audio@8000+{}", 3 * kSampleRate + 150 - 8000));
    EXPECT_EQ(machine.replays(), 1);
}

TEST_F(SessionTest, ReplayedSamplesAreTheOnesTheClientSent) {
    open();
    audio(4 * kSampleRate);
    (void)machine.take_actions();
    machine.on_message(final_of("one", 2 * kSampleRate));
    machine.on_engine_lost();
    machine.on_engine_found(2);
    machine.on_message(proto::Opened{});
    for (const auto& action : machine.take_actions())
        if (const auto* sent = std::get_if<SendAudio>(&action)) {
            EXPECT_EQ(sent->first_sample, 2 * kSampleRate);
            // on_audio() numbered its second block from 100.
            EXPECT_EQ(sent->samples.front(), static_cast<std::int16_t>(2 * kSampleRate));
        }
}

TEST_F(SessionTest, ASpeechStartHeardAgainIsToldOnce) {
    open();
    machine.on_message(proto::SpeechStarted{{}, 16});
    EXPECT_EQ(actions(), "speech@1");
    machine.on_engine_lost();
    machine.on_engine_found(2);
    machine.on_message(proto::Opened{});
    (void)actions();
    machine.on_message(proto::SpeechStarted{{}, 16});
    EXPECT_EQ(actions(), "");
}

TEST_F(SessionTest, TheNextSpeechMayStartBeforeTheFinalOfTheLast) {
    open();
    machine.on_message(proto::SpeechStarted{{}, 16});
    machine.on_message(proto::SpeechStarted{{}, 3200});
    EXPECT_EQ(actions(), "speech@1 speech@200");
}

TEST_F(SessionTest, AnUnansweredFlushIsRepeatedToTheNextEngine) {
    open();
    machine.on_flush();
    EXPECT_EQ(actions(), "flush");
    machine.on_engine_lost();
    machine.on_engine_found(2);
    machine.on_message(proto::Opened{});
    EXPECT_EQ(actions(), "want open@0 audio@0+100 flush");
    machine.on_message(proto::Flushed{});
    EXPECT_EQ(actions(), "flushed");
}

TEST_F(SessionTest, FinishWaitsForTheAudioBeforeIt) {
    open();
    audio(kCreditWindow);
    machine.on_finish();
    (void)actions();
    machine.on_message(proto::Credit{{}, 5000, 5000});
    EXPECT_EQ(actions(), fmt::format("audio@{}+100 finish", kCreditWindow));
    audio(100);
    EXPECT_EQ(actions(), "") << "audio after the finish is not the stream's";
    machine.on_message(proto::Finished{});
    EXPECT_EQ(actions(), "leave finished@15006");
    EXPECT_TRUE(machine.is_over());
}

TEST_F(SessionTest, WithoutAudioFlushAndFinishNeedNoEngine) {
    machine.on_flush();
    machine.on_finish();
    EXPECT_EQ(actions(), "flushed finished@0");
}

TEST_F(SessionTest, BeginForgetsTheRunningUtteranceButNotTheClock) {
    open();
    audio(900);
    (void)actions();
    machine.on_begin();
    EXPECT_EQ(actions(), "cancel leave");
    audio(10);
    machine.on_engine_found(2);
    EXPECT_EQ(actions(), "want open@1000");
}

TEST_F(SessionTest, TheSameAudioKillingThreeEnginesEndsTheSession) {
    open();
    machine.on_message(proto::SpeechStarted{{}, 16});
    for (int i = 0; i < 2; ++i) {
        machine.on_engine_lost();
        machine.on_engine_found(2);
        machine.on_message(proto::Opened{});
    }
    (void)actions();
    machine.on_engine_lost();
    EXPECT_EQ(actions(), "failed:internal");
}

TEST_F(SessionTest, AFailureThatHoldsEverywhereEndsTheSessionWithItsCause) {
    open();
    machine.on_message(proto::Failed{{}, Errc::unavailable, "nobody there", true});
    EXPECT_EQ(actions(), "leave failed:unavailable");
}

TEST_F(SessionTest, AudioThatKillsBeforeAnyWordOfItEndsTheSessionToo) {
    open();
    for (int i = 0; i < 2; ++i) {
        machine.on_engine_lost();
        audio(100);
        machine.on_engine_found(2);
        machine.on_message(proto::Opened{});
    }
    (void)actions();
    machine.on_engine_lost();
    EXPECT_EQ(actions(), "failed:internal");
}

TEST_F(SessionTest, ASilentClientOutlivesAnyNumberOfEngines) {
    open();
    for (int i = 0; i < 10; ++i) {
        machine.on_message(proto::Credit{{}, machine.received(), machine.received()});
        machine.on_engine_lost();
        EXPECT_EQ(actions(), "") << "nothing is to be recognised";
        audio(100);
        EXPECT_EQ(actions(), "want");
        machine.on_engine_found(2);
        machine.on_message(proto::Opened{});
        EXPECT_EQ(actions(), fmt::format("open@{0} audio@{0}+100", machine.received() - 100));
    }
    EXPECT_EQ(machine.replays(), 10);
}

TEST_F(SessionTest, APausedClientAsksForNoEngineUntilItGoesOn) {
    open();
    audio(kSampleRate);
    machine.on_message(proto::Credit{{}, kSampleRate, 9000});
    (void)actions();
    machine.on_engine_lost();
    EXPECT_EQ(actions(), "");
    for (int i = 0; i < 10; ++i) machine.on_engine_lost();
    EXPECT_FALSE(machine.is_over());
    machine.on_flush();
    EXPECT_EQ(actions(), "want") << "what has no verdict yet may hold speech";
    machine.on_engine_found(2);
    machine.on_message(proto::Opened{});
    EXPECT_EQ(actions(), fmt::format("open@9000 audio@9000+{} flush", kSampleRate + 100 - 9000));
}

TEST_F(SessionTest, WhatIsMidUtterance) {
    EXPECT_FALSE(machine.is_mid_utterance()) << "nothing was said";
    open();
    EXPECT_FALSE(machine.is_mid_utterance()) << "no more than the engine's word lags behind";
    audio(2 * kSampleRate);
    EXPECT_TRUE(machine.is_mid_utterance()) << "audio without a verdict";
    machine.on_message(proto::Credit{{}, 2 * kSampleRate, 2 * kSampleRate});
    EXPECT_FALSE(machine.is_mid_utterance());
    machine.on_message(proto::SpeechStarted{{}, 2 * kSampleRate + 50});
    EXPECT_TRUE(machine.is_mid_utterance()) << "speech";
    machine.on_message(proto::SpeechStarted{{}, 2 * kSampleRate + 90});
    machine.on_message(final_of("one", 2 * kSampleRate + 80));
    EXPECT_TRUE(machine.is_mid_utterance()) << "the next began before the final";
    machine.on_message(final_of("two", 2 * kSampleRate + 100));
    EXPECT_FALSE(machine.is_mid_utterance());
    machine.on_flush();
    EXPECT_TRUE(machine.is_mid_utterance()) << "an answer is owed";
    machine.on_message(proto::Flushed{});
    EXPECT_FALSE(machine.is_mid_utterance());
}

TEST_F(SessionTest, SpeechThatOnlyTheLostEngineHeardIsOver) {
    open();
    machine.on_message(proto::SpeechStarted{{}, 16});
    machine.on_engine_lost();
    machine.on_engine_found(2);
    machine.on_message(proto::Opened{});
    EXPECT_TRUE(machine.is_mid_utterance());
    machine.on_message(proto::Credit{{}, 100, 90});
    EXPECT_FALSE(machine.is_mid_utterance());
}

TEST_F(SessionTest, ProgressForgivesEarlierLosses) {
    open();
    audio(2 * kSampleRate);
    for (int i = 0; i < 6; ++i) {
        machine.on_engine_lost();
        machine.on_engine_found(2);
        machine.on_message(proto::Opened{});
        (void)machine.take_actions();
        machine.on_message(proto::Credit{{}, (i + 1) * 100, (i + 1) * 100});
    }
    EXPECT_EQ(machine.replays(), 6);
    EXPECT_FALSE(machine.is_over());
}

TEST_F(SessionTest, ARefusalIsNoAttempt) {
    audio(10);
    for (int i = 0; i < 10; ++i) {
        machine.on_engine_found(2);
        machine.on_message(proto::Refused{});
    }
    EXPECT_FALSE(machine.is_over());
    machine.on_no_engine(Error(Errc::unavailable, "none"));
    EXPECT_TRUE(machine.is_over());
}

TEST_F(SessionTest, UtteranceEndComesOnceAfterTheGap) {
    open();
    audio(5 * kSampleRate);
    (void)actions();
    machine.on_message(final_of("one", kSampleRate));
    (void)actions();
    machine.on_message(proto::Credit{{}, kSampleRate + 8000, kSampleRate});
    EXPECT_EQ(actions(), "");
    machine.on_message(proto::Credit{{}, 2 * kSampleRate, kSampleRate});
    EXPECT_EQ(actions(), "utterance-end@1000");
    machine.on_message(proto::Credit{{}, 3 * kSampleRate, kSampleRate});
    EXPECT_EQ(actions(), "");
}

TEST_F(SessionTest, WithoutTimesOfWordsTheUtteranceItselfEnds) {
    open();
    audio(3 * kSampleRate);
    auto message = final_of("a", kSampleRate);
    message.utterance.words.clear();
    message.utterance.end = Millis(900);
    machine.on_message(message);
    (void)actions();
    machine.on_message(proto::Credit{{}, 2 * kSampleRate, 2 * kSampleRate});
    EXPECT_EQ(actions(), "utterance-end@900");
}

TEST_F(SessionTest, NewSpeechWithinTheGapMeansNoUtteranceEnd) {
    open();
    audio(5 * kSampleRate);
    machine.on_message(final_of("one", kSampleRate));
    machine.on_message(proto::SpeechStarted{{}, kSampleRate + 100});
    (void)actions();
    machine.on_message(proto::Credit{{}, 4 * kSampleRate, kSampleRate});
    EXPECT_EQ(actions(), "");
}

// An utterance that goes on after a cut is not announced.
TEST_F(SessionTest, WordsWithinTheGapMeanNoUtteranceEnd) {
    open();
    audio(5 * kSampleRate);
    machine.on_message(final_of("one", kSampleRate));
    machine.on_message(proto::Partial{{}, {.text = "two", .words = {}}});
    (void)actions();
    machine.on_message(proto::Credit{{}, 4 * kSampleRate, kSampleRate});
    EXPECT_EQ(actions(), "");
}

}  // namespace
}  // namespace tutti::policy
