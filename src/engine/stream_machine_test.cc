// SPDX-License-Identifier: Apache-2.0
#include "engine/stream_machine_fixture.h"

namespace tutti::engine {
namespace {

using namespace test;
using proto::FinalCause;

TEST(StreamMachine, SilenceMovesTheCreditAndReachesNoRecognizer) {
    Subject subject;
    subject.stream(silence(seconds(20)));
    EXPECT_EQ(subject.events(), "");
    EXPECT_GE(subject.credit.decoded_up_to, seconds(19.5));
    EXPECT_GE(subject.credit.settled_up_to, seconds(19));
    EXPECT_LE(subject.credit.settled_up_to, subject.credit.decoded_up_to);
}

TEST(StreamMachine, AnUtteranceIsReportedOnTheStreamsClock) {
    Subject subject(proto::StreamMode::live, seconds(100));
    subject.stream(silence(seconds(1)));
    subject.stream(speech(seconds(1)));
    subject.stream(silence(seconds(1)));
    EXPECT_EQ(subject.events(), "started begin end");
    EXPECT_NEAR(static_cast<double>(subject.started.at), 100.7 * 16000, 1600);
    subject.outcome(heard("yes"));
    EXPECT_EQ(subject.events(), "final");
    const auto& final = subject.finals.at(0);
    EXPECT_EQ(final.cause, FinalCause::endpoint);
    EXPECT_EQ(final.utterance.text, "yes");
    EXPECT_EQ(final.utterance.start, proto::to_millis(subject.started.at));
    EXPECT_EQ(final.utterance.words[0].start, final.utterance.start + Millis(100));
    EXPECT_EQ(final.utterance.confidence, 0.5f);
    EXPECT_EQ(final.utterance.end, proto::to_millis(final.consumed_up_to));
    EXPECT_GE(final.consumed_up_to, seconds(102));
    EXPECT_LE(final.consumed_up_to, seconds(102.3));
}

TEST(StreamMachine, APartialIsSentWhenItsTextChanged) {
    Subject subject;
    subject.stream(speech(seconds(1)));
    EXPECT_EQ(subject.events(), "started begin");
    subject.partial("");
    subject.partial("a");
    subject.partial("a");
    subject.partial("b");
    EXPECT_EQ(subject.events(), "partial partial");
    EXPECT_EQ(subject.last_partial.utterance.text, "b");
}

// `word` was heard from 0 to 0.05 s; the sound goes on.
TEST(StreamMachine, AnUtteranceEndsWithItsWordsWhateverStillSounds) {
    Subject subject(proto::StreamMode::live, 0, {.after_words = Millis(1500)});
    subject.stream(speech(seconds(1.5)));
    subject.partial("a");
    EXPECT_EQ(subject.events(), "started begin partial");
    subject.stream(speech(seconds(0.5)));
    subject.partial("");
    EXPECT_EQ(subject.events(), "") << "no words";
    subject.partial("a");
    EXPECT_EQ(subject.events(), "cut") << "no new partial";
    subject.partial("a");
    EXPECT_EQ(subject.events(), "") << "it has ended";
    subject.outcome(heard("a", seconds(1.9), std::string("carry")));
    EXPECT_EQ(subject.events(), "final begin+");
    EXPECT_EQ(subject.finals[0].cause, FinalCause::endpoint);
    EXPECT_EQ(subject.finals[0].consumed_up_to - subject.started.at, seconds(1.9));
    EXPECT_TRUE(subject.options.carry.has_value());
}

TEST(StreamMachine, WordsEndNoUtteranceBeforeItsSilenceWouldHave) {
    const auto cut_at = [](Millis silence) {
        StreamMachine machine({.ref = kRef, .endpoint_silence = silence},
                              {.after_words = Millis(1200)});
        EXPECT_TRUE(machine.wants_partials());
        const auto sound = speech(seconds(20));
        Actions actions;
        for (std::size_t at = 0; at < sound.size(); at += 1600) {
            const auto here = static_cast<SamplePos>(at);
            EXPECT_TRUE(machine.on_audio(here, std::span(sound).subspan(at, 1600), actions));
            if (at == 0) continue;
            machine.on_progress(here, actions);
            machine.on_partial({"a", {{"a", Millis(0), Millis(0), 0}}}, actions);
            for (const auto& action : std::exchange(actions, {}))
                if (std::holds_alternative<EndUtterance>(action)) return proto::to_millis(here);
        }
        return Millis(0);
    };
    EXPECT_EQ(cut_at(Millis(100)), Millis(1200));
    EXPECT_EQ(cut_at(Millis(700)), Millis(1200));
    EXPECT_EQ(cut_at(Millis(2000)), Millis(2500));
    EXPECT_EQ(cut_at(Millis(60'000)), Millis(10'500)) << "no silence is longer than 10 s";
    EXPECT_FALSE(StreamMachine({.ref = kRef}).wants_partials());
}

TEST(StreamMachine, AWholeSegmentIsDecodedOnceAtItsEnd) {
    Subject subject(proto::StreamMode::whole, seconds(50));
    for (int i = 0; i < 30; ++i) ASSERT_TRUE(subject.audio(silence(seconds(1))));
    EXPECT_EQ(subject.events(), "");
    EXPECT_EQ(subject.credit.settled_up_to, seconds(50));
    EXPECT_FALSE(subject.machine.is_idle());
    subject.finish();
    EXPECT_EQ(subject.events(), "begin end");
    EXPECT_EQ(subject.fed, seconds(30));
    subject.outcome(heard("all"));
    EXPECT_EQ(subject.events(), "final finished");
    EXPECT_EQ(subject.finals[0].utterance.start, Millis(50000));
    EXPECT_EQ(subject.finals[0].utterance.end, Millis(80000));
}

TEST(StreamMachine, AWholeSegmentThatIsTooLongFails) {
    Subject subject(proto::StreamMode::whole);
    for (int i = 0; i < 31; ++i) ASSERT_TRUE(subject.audio(silence(seconds(1))));
    ASSERT_TRUE(subject.audio(silence(seconds(1))));
    EXPECT_EQ(subject.events(), "failed");
    EXPECT_TRUE(subject.machine.is_over());
}

TEST(StreamMachine, ASenderThatBreaksTheRulesIsTold) {
    Actions ignored;
    {
        Subject subject;
        EXPECT_FALSE(subject.machine.on_audio(1, silence(10), ignored));
    }
    {
        Subject subject;
        EXPECT_TRUE(subject.audio(speech(proto::kCreditWindow)));
        EXPECT_FALSE(subject.audio(speech(1)));
    }
    {
        Subject subject;
        subject.stream(speech(seconds(1)));
        subject.finish();
        EXPECT_FALSE(subject.audio(silence(10)));
        EXPECT_FALSE(subject.machine.on_flush(ignored));
        EXPECT_FALSE(subject.machine.on_finish(ignored));
    }
}

TEST(StreamMachine, AFailedUtteranceEndsTheStream) {
    Subject subject;
    subject.stream(speech(seconds(1)));
    Actions actions;
    subject.machine.on_error(Error(Errc::unavailable, "broken"), actions, true);
    ASSERT_EQ(actions.size(), 1u);
    const auto& failed = std::get<proto::Failed>(std::get<Reply>(actions[0]).message);
    EXPECT_EQ(failed.cause, Errc::unavailable);
    EXPECT_EQ(failed.why, "broken");
    EXPECT_TRUE(failed.holds_everywhere);
    EXPECT_TRUE(subject.machine.is_over());
}

TEST(StreamMachine, AWholeStreamIsAlignedWithItsText) {
    StreamMachine machine(
        {.ref = kRef, .mode = proto::StreamMode::whole, .text = "one two", .hotwords = {"three"}});
    Actions actions;
    ASSERT_TRUE(machine.on_audio(0, silence(100), actions));
    ASSERT_TRUE(machine.on_finish(actions));
    ASSERT_FALSE(actions.empty());
    const auto* begin = std::get_if<BeginUtterance>(&actions.front());
    ASSERT_TRUE(begin);
    EXPECT_EQ(begin->options.text, "one two");
    EXPECT_EQ(begin->options.hotwords, std::vector<std::string>{"three"});
}

TEST(StreamMachine, AWholeStreamIsAsLongAsItsModelTakes) {
    for (const SamplePos longest : {proto::kMaxUtterance, 3 * proto::kMaxUtterance}) {
        StreamMachine machine({.ref = kRef, .mode = proto::StreamMode::whole}, {}, longest);
        const std::vector<std::int16_t> second(proto::kSampleRate);
        Actions actions;
        SamplePos sent = 0;
        for (; !machine.is_over() && sent < 4 * proto::kMaxUtterance; sent += proto::kSampleRate)
            ASSERT_TRUE(machine.on_audio(sent, second, actions));
        EXPECT_EQ(sent, longest + 2 * proto::kSampleRate) << "a second more is let pass";
    }
}

}  // namespace
}  // namespace tutti::engine
