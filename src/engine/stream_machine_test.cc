// SPDX-License-Identifier: Apache-2.0
#include "engine/stream_machine.h"

#include <gtest/gtest.h>

#include <random>

namespace tutti::engine {
namespace {

using proto::FinalCause;
using proto::Millis;

constexpr proto::StreamRef kRef{3, 9};

std::vector<std::int16_t> silence(SamplePos length) {
    return std::vector<std::int16_t>(static_cast<std::size_t>(length));
}

std::vector<std::int16_t> speech(SamplePos length) {
    auto samples = silence(length);
    std::mt19937 random(5);
    std::uniform_int_distribution<int> noise(-8000, 8000);
    for (auto& sample : samples) sample = static_cast<std::int16_t>(noise(random));
    return samples;
}

constexpr SamplePos seconds(double s) {
    return static_cast<SamplePos>(s * proto::kSampleRate);
}

Outcome heard(std::string word, SamplePos settled = 1LL << 40, std::any carry = {}) {
    return {{word, {{word, Millis(100), Millis(200), 0.5f}}}, settled, std::move(carry)};
}

// The machine, with what it does written down: begin, begin+ (continues), end, cut, drop, and its
// replies by name. Credits and fed audio are kept apart.
class Subject {
  public:
    explicit Subject(proto::StreamMode mode = proto::StreamMode::live, SamplePos first_sample = 0,
                     const Hearing& hearing = {})
        : machine({.ref = kRef, .mode = mode, .wants_partials = true, .first_sample = first_sample},
                  hearing),
          position(first_sample) {}

    Result<void> audio(std::span<const std::int16_t> samples) {
        const auto at = position;
        position += static_cast<SamplePos>(samples.size());
        const auto taken = machine.on_audio(at, samples, actions_);
        write_down();
        return taken;
    }
    // In pieces that no credit is needed for, as if decoding kept up.
    void stream(const std::vector<std::int16_t>& samples) {
        for (std::size_t at = 0; at < samples.size(); at += 800) {
            const auto size = std::min<std::size_t>(800, samples.size() - at);
            ASSERT_TRUE(audio(std::span(samples).subspan(at, size)));
            if (is_running) machine.on_progress(fed, actions_);
            write_down();
        }
    }
    void flush() {
        ASSERT_TRUE(machine.on_flush(actions_));
        write_down();
    }
    void finish() {
        ASSERT_TRUE(machine.on_finish(actions_));
        write_down();
    }
    void outcome(Outcome found) {
        is_running = false;
        machine.on_outcome(std::move(found), actions_);
        write_down();
    }
    void partial(std::string text) {
        machine.on_partial({text, {{text, Millis(0), Millis(50), 0}}}, actions_);
        write_down();
    }
    // What happened since the last call.
    std::string events() { return std::exchange(log_, {}); }

    StreamMachine machine;
    SamplePos position;
    SamplePos fed = 0;  // of the utterance begun last
    bool is_running = false;
    StreamOptions options;
    proto::SpeechStarted started;
    std::vector<proto::Final> finals;
    proto::Partial last_partial;
    proto::Credit credit;

  private:
    void write_down() {
        for (auto& action : std::exchange(actions_, {}))
            std::visit([this](auto& a) { on(a); }, action);
    }
    void add(std::string_view event) {
        if (!log_.empty()) log_ += ' ';
        log_ += event;
    }
    void on(BeginUtterance& begin) {
        add(begin.options.continues ? "begin+" : "begin");
        options = begin.options;
        fed = 0;
        is_running = true;
    }
    void on(FeedAudio& feed) { fed += static_cast<SamplePos>(feed.samples.size()); }
    void on(EndUtterance& end) { add(end.ending == Ending::cut ? "cut" : "end"); }
    void on(DropUtterance&) {
        add("drop");
        is_running = false;
    }
    void on(Reply& reply) {
        std::visit([this](auto& message) { on_reply(message); }, reply.message);
    }
    void on_reply(proto::SpeechStarted& m) {
        add("started");
        started = m;
    }
    void on_reply(proto::Partial& m) {
        add("partial");
        last_partial = m;
    }
    void on_reply(proto::Final& m) {
        add("final");
        finals.push_back(m);
    }
    void on_reply(proto::Credit& m) {
        EXPECT_GE(m.decoded_up_to, credit.decoded_up_to);
        EXPECT_GE(m.settled_up_to, credit.settled_up_to);
        credit = m;
    }
    void on_reply(proto::Flushed&) { add("flushed"); }
    void on_reply(proto::Finished&) { add("finished"); }
    void on_reply(proto::Failed&) { add("failed"); }
    void on_reply(auto&) { add("?"); }

    Actions actions_;
    std::string log_;
};

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
