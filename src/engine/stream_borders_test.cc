// SPDX-License-Identifier: Apache-2.0
// Where the stream machine ends an utterance: at a flush, a cut, the finish or a detector's border.
#include "engine/stream_machine_fixture.h"

namespace tutti::engine {
namespace {

using namespace test;
using proto::FinalCause;

TEST(StreamMachine, AFlushInSilenceIsConfirmedAtOnce) {
    Subject subject;
    subject.stream(silence(seconds(1)));
    subject.flush();
    EXPECT_EQ(subject.events(), "flushed");
}

TEST(StreamMachine, AFlushInSpeechIsConfirmedAfterItsFinalAndSpeechGoesOn) {
    Subject subject;
    subject.stream(speech(seconds(1)));
    subject.flush();
    EXPECT_EQ(subject.events(), "started begin cut");
    subject.flush();
    subject.outcome(heard("one"));
    EXPECT_EQ(subject.events(), "final flushed flushed begin+");
    EXPECT_EQ(subject.finals[0].cause, FinalCause::flush);
    EXPECT_EQ(subject.finals[0].consumed_up_to, seconds(1));
    subject.stream(speech(seconds(1)));
    subject.stream(silence(seconds(1)));
    subject.outcome(heard("two"));
    EXPECT_EQ(subject.events(), "end final");
    EXPECT_EQ(subject.finals[1].utterance.start, Millis(1000));
}

TEST(StreamMachine, SilenceAfterAFlushIsNoUtterance) {
    Subject subject;
    subject.stream(speech(seconds(1)));
    subject.stream(silence(seconds(0.4)));
    subject.flush();
    subject.outcome(heard("one"));
    EXPECT_EQ(subject.events(), "started begin cut final flushed begin+");
    subject.stream(silence(seconds(1)));
    EXPECT_EQ(subject.events(), "drop");
    EXPECT_TRUE(subject.machine.is_idle());
}

TEST(StreamMachine, SilenceAfterAFlushWhoseOutcomeComesLateIsNoUtterance) {
    Subject subject;
    subject.stream(speech(seconds(1)));
    subject.stream(silence(seconds(0.4)));
    subject.flush();
    subject.stream(silence(seconds(1)));
    subject.outcome(heard("one"));
    EXPECT_EQ(subject.events(), "started begin cut final flushed");
    EXPECT_TRUE(subject.machine.is_idle());
}

TEST(StreamMachine, WhatWasSetAsideAtACutIsTheNextUtterances) {
    Subject subject;
    subject.stream(speech(seconds(1)));
    subject.flush();
    subject.stream(silence(seconds(1)));
    EXPECT_EQ(subject.events(), "started begin cut");
    subject.outcome(heard("one", seconds(0.8), 42));
    EXPECT_EQ(subject.events(), "final flushed begin+ end");
    EXPECT_EQ(subject.finals[0].consumed_up_to, seconds(0.8));
    EXPECT_EQ(std::any_cast<int>(subject.options.carry), 42);
    EXPECT_LE(subject.credit.settled_up_to, seconds(0.8));

    // It is decoded even though no sound came after the cut; a negative time lies before it.
    subject.outcome({{"two", {{"two", Millis(-150), Millis(20), 1}}}, 0, {}});
    EXPECT_EQ(subject.finals[1].utterance.start, Millis(800));
    EXPECT_EQ(subject.finals[1].utterance.words[0].start, Millis(850));
}

TEST(StreamMachine, EndlessSpeechIsCutAndNoSampleIsLeftOut) {
    Subject subject;
    SamplePos fed = 0;
    auto syllable = speech(seconds(0.3));
    syllable.resize(static_cast<std::size_t>(seconds(0.4)));
    for (int i = 0; i < 65 * 10 / 4; ++i) {
        subject.stream(syllable);
        const auto events = subject.events();
        if (events.find("cut") == std::string::npos) continue;
        fed += subject.fed;
        subject.outcome(heard("x"));
    }
    ASSERT_EQ(subject.finals.size(), 2u);
    EXPECT_EQ(subject.finals[0].cause, FinalCause::length);
    EXPECT_EQ(fed, subject.finals[1].consumed_up_to - subject.started.at);
    EXPECT_LE(subject.finals[0].consumed_up_to, proto::kMaxUtterance);
    EXPECT_GE(subject.finals[0].consumed_up_to, seconds(29));
}

TEST(StreamMachine, TheNextUtteranceWaitsForTheCarryOfTheOneBefore) {
    Subject subject;
    for (int i = 0; i < 2; ++i) {
        ASSERT_TRUE(subject.audio(speech(seconds(1))));
        ASSERT_TRUE(subject.audio(silence(seconds(1.5))));
    }
    EXPECT_EQ(subject.events(), "started begin end started");
    subject.finish();
    EXPECT_EQ(subject.events(), "");
    subject.outcome(heard("one", 1LL << 40, 1));
    EXPECT_EQ(subject.events(), "final begin end");
    EXPECT_EQ(std::any_cast<int>(subject.options.carry), 1);
    EXPECT_GE(subject.fed, seconds(1));
    subject.outcome(heard("two"));
    EXPECT_EQ(subject.events(), "final finished");
    EXPECT_TRUE(subject.machine.is_over());
}

TEST(StreamMachine, FinishingInSpeechEndsTheUtteranceAtTheLastSample) {
    Subject subject;
    subject.stream(speech(seconds(1)));
    subject.finish();
    subject.outcome({});
    EXPECT_EQ(subject.events(), "started begin end final finished");
    EXPECT_EQ(subject.finals[0].cause, FinalCause::finish);
    EXPECT_EQ(subject.finals[0].consumed_up_to, seconds(1));
    EXPECT_EQ(subject.finals[0].utterance.text, "");
}

// Everything that is not digital silence is speech.
class AnySound final : public audio::FrameDetector {
  public:
    std::size_t frame_samples() const override { return 160; }
    bool is_speech(std::span<const std::int16_t> frame) override { return frame[0] != 0; }
};

TEST(StreamMachine, ADetectorOfItsOwnFindsBordersThatAFlushAndTheFinishKeep) {
    const Hearing hearing{.make_detector = [] { return std::make_unique<AnySound>(); },
                          .endpoints = {.preroll = Millis(0), .tail = Millis(0)},
                          .ends_with_sound = true};
    Subject subject(proto::StreamMode::live, seconds(100), hearing);
    subject.stream(silence(seconds(1)));
    subject.stream(speech(seconds(1)));
    subject.stream(silence(seconds(0.5)));
    subject.flush();
    EXPECT_EQ(subject.events(), "started begin end");
    subject.outcome({});
    EXPECT_EQ(subject.events(), "final flushed");
    subject.stream(speech(seconds(1)));
    subject.stream(silence(seconds(0.2)));
    subject.finish();
    subject.outcome({});
    EXPECT_EQ(subject.events(), "started begin end final finished");
    ASSERT_EQ(subject.finals.size(), 2u);
    EXPECT_EQ(subject.finals[0].utterance.start, Millis(101'000));
    EXPECT_EQ(subject.finals[0].utterance.end, Millis(102'000));
    EXPECT_EQ(subject.finals[1].utterance.start, Millis(102'500));
    EXPECT_EQ(subject.finals[1].utterance.end, Millis(103'500));
}

}  // namespace
}  // namespace tutti::engine
