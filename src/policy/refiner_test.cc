// SPDX-License-Identifier: Apache-2.0
#include "policy/refiner.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace tutti::policy {
namespace {

using proto::kSampleRate;

// Actions as short words, so that a failing table reads like a conversation.
struct Describe {
    std::string operator()(const AskSecond& a) const {
        return fmt::format("ask{}@{}+{}", a.number, a.first_sample, a.audio.size());
    }
    std::string operator()(const StopAsking& a) const { return fmt::format("stop{}", a.number); }
    std::string operator()(const Told& a) const { return std::visit(*this, a); }
    std::string operator()(const TellFinal& a) const { return "final:" + a.utterance.text; }
    std::string operator()(const TellUtteranceEnd& a) const {
        return fmt::format("utterance-end@{}", a.last_word_end.count());
    }
    std::string operator()(const TellFlushed&) const { return "flushed"; }
    std::string operator()(const TellFinished&) const { return "finished"; }
    std::string operator()(const TellFailed&) const { return "failed"; }
};

proto::Utterance utterance(const std::string& text, int end_ms) {
    proto::Utterance made{
        .text = text, .words = {}, .start = Millis(end_ms - 1000), .end = Millis(end_ms)};
    if (!text.empty()) made.words = {{text, Millis(end_ms - 900), Millis(end_ms - 100), 1}};
    return made;
}

TellFinal final_of(const std::string& text, int end_ms, SamplePos audio = kSampleRate) {
    return {utterance(text, end_ms), proto::FinalCause::endpoint,
            proto::to_samples(Millis(end_ms - 1000)),
            std::vector<std::int16_t>(static_cast<std::size_t>(text.empty() ? 0 : audio))};
}

class RefinerTest : public testing::Test {
  protected:
    void told(Told what) { refiner.on_told(std::move(what), now); }
    void answer(std::uint64_t number, const std::string& text, int end_ms = 1000) {
        refiner.on_answer(number, utterance(text, end_ms), now);
    }
    std::string actions() {
        std::string line;
        for (const auto& action : refiner.take_actions())
            line += (line.empty() ? "" : " ") + std::visit(Describe{}, action);
        return line;
    }

    Refiner refiner{{.limit = Millis(3000)}};
    Refiner::TimePoint now{};
};

TEST_F(RefinerTest, AFinalIsToldWithTheSecondModelsWords) {
    told(final_of("won", 5000));
    EXPECT_EQ(actions(), "ask1@64000+16000");
    auto better = utterance("one", 4990);
    better.confidence = 0.5;
    refiner.on_answer(1, better, now);
    const auto all = refiner.take_actions();
    ASSERT_EQ(all.size(), 1u);
    const auto& final = std::get<TellFinal>(std::get<Told>(all[0]));
    EXPECT_EQ(final.utterance.text, "one");
    EXPECT_EQ(final.utterance.words, better.words);
    EXPECT_EQ(final.utterance.confidence, 0.5f);
    EXPECT_EQ(final.utterance.start, Millis(4000)) << "the windows stay the first model's";
    EXPECT_EQ(final.utterance.end, Millis(5000));
    EXPECT_TRUE(refiner.is_idle());
}

TEST(RefinerOfMarks, ATextComesBackWithMarksAndNothingElse) {
    Refiner refiner{{.about = Refiner::About::text, .limit = Millis(3000)}};
    const Refiner::TimePoint now{};
    refiner.on_told(final_of("hello", 1000, 0), now);
    refiner.on_told(final_of("", 2000, 0), now);
    refiner.on_told(final_of("there", 3000, 0), now);
    refiner.on_told(TellFlushed{}, now);
    auto actions = refiner.take_actions();
    ASSERT_EQ(actions.size(), 2u) << "nobody is asked about no text";
    EXPECT_EQ(std::get<AskSecond>(actions[0]).text, "hello");
    EXPECT_EQ(std::get<AskSecond>(actions[1]).text, "there");
    refiner.on_answer(1, proto::Utterance{.text = "hello,", .words = {}}, now);
    actions = refiner.take_actions();
    ASSERT_EQ(actions.size(), 2u);
    const auto& marked = std::get<TellFinal>(std::get<Told>(actions[0])).utterance;
    EXPECT_EQ(marked.text, "hello,");
    ASSERT_EQ(marked.words.size(), 1u);
    EXPECT_EQ(marked.words[0].shown, "hello,");
    EXPECT_EQ(marked.words[0].text, "hello");
    refiner.on_answer(2, proto::Utterance{.text = "something else.", .words = {}}, now);
    actions = refiner.take_actions();
    ASSERT_EQ(actions.size(), 2u);
    EXPECT_EQ(std::get<TellFinal>(std::get<Told>(actions[0])).utterance.text, "there")
        << "words of its own are not taken";
    EXPECT_EQ(refiner.counts().refined, 1);
    EXPECT_EQ(refiner.counts().kept, 1);
}

TEST_F(RefinerTest, WithoutAudioEverythingIsToldAtOnce) {
    told(final_of("one", 1000, 0));
    told(TellUtteranceEnd{Millis(900)});
    told(TellFlushed{});
    told(TellFinished{});
    EXPECT_EQ(actions(), "final:one utterance-end@900 flushed finished");
    EXPECT_EQ(refiner.counts().kept + refiner.counts().refined, 0);
    EXPECT_FALSE(refiner.deadline());
}

TEST_F(RefinerTest, AnswersInAnyOrderAreToldInOrder) {
    told(final_of("a", 1000));
    told(final_of("b", 2000));
    told(final_of("", 3000));
    told(TellFlushed{});
    told(final_of("c", 4000));
    told(TellFinished{});
    EXPECT_EQ(actions(), "ask1@0+16000 ask2@16000+16000 ask3@48000+16000");
    answer(3, "C");
    answer(2, "B");
    EXPECT_EQ(actions(), "");
    answer(1, "A");
    EXPECT_EQ(actions(), "final:A final:B final: flushed final:C finished");
}

TEST_F(RefinerTest, AnErrorMeansTheFirstModelsText) {
    told(final_of("a", 1000));
    refiner.on_answer(1, Error(Errc::internal, "no"), now);
    EXPECT_EQ(actions(), "ask1@0+16000 final:a");
    EXPECT_EQ(refiner.counts().kept, 1);
}

TEST_F(RefinerTest, WhoTakesTooLongIsNotWaitedForNorHeardLater) {
    told(final_of("a", 1000));
    now += Millis(2000);
    told(final_of("b", 2000));
    (void)actions();
    EXPECT_EQ(refiner.deadline(), Refiner::TimePoint(Millis(3000)));
    refiner.on_time(Refiner::TimePoint(Millis(2999)));
    EXPECT_EQ(actions(), "");
    refiner.on_time(Refiner::TimePoint(Millis(3000)));
    EXPECT_EQ(actions(), "stop1 final:a");
    EXPECT_EQ(refiner.deadline(), Refiner::TimePoint(Millis(5000)));
    answer(1, "A");
    EXPECT_EQ(actions(), "");
    answer(2, "B");
    EXPECT_EQ(actions(), "final:B");
    answer(2, "B");
    EXPECT_EQ(actions(), "");
    EXPECT_EQ(refiner.counts().refined, 1);
    EXPECT_EQ(refiner.counts().kept, 1);
}

TEST_F(RefinerTest, AudioBeyondTheLimitIsNotAskedAbout) {
    told(final_of("a", 30000, 30 * kSampleRate));
    told(final_of("b", 60000, 30 * kSampleRate));
    told(final_of("c", 61000));
    EXPECT_EQ(actions(), "ask1@464000+480000 ask2@944000+480000");
    EXPECT_EQ(refiner.counts().kept, 1);
    answer(1, "A");
    told(final_of("d", 62000));
    EXPECT_EQ(actions(), "final:A ask3@976000+16000") << "there is room again";
    answer(3, "D");
    answer(2, "B");
    EXPECT_EQ(actions(), "final:B final:c final:D");
}

TEST_F(RefinerTest, AnAnswerThatWaitsForItsTurnNoLongerCountsAsAudio) {
    told(final_of("a", 1000));
    told(final_of("b", 60000, 59 * kSampleRate));
    answer(2, "B");
    (void)actions();
    told(final_of("c", 90000, 30 * kSampleRate));
    EXPECT_EQ(actions(), "ask3@1424000+480000");
}

TEST_F(RefinerTest, GivingUpTellsWhatIsThere) {
    told(final_of("a", 1000));
    told(final_of("b", 2000));
    told(TellFailed{Error(Errc::internal)});
    answer(2, "B");
    (void)actions();
    refiner.give_up();
    EXPECT_EQ(actions(), "stop1 final:a final:B failed");
    EXPECT_TRUE(refiner.is_idle());
}

TEST_F(RefinerTest, TheEndOfSpeechIsThatOfTheWordsThatWereTold) {
    told(final_of("a", 1000));
    told(TellUtteranceEnd{Millis(900)});
    answer(1, "A", 980);
    told(final_of("b", 2000));
    told(TellUtteranceEnd{Millis(1900)});
    answer(2, "");
    EXPECT_EQ(actions(), "ask1@0+16000 final:A utterance-end@880 ask2@16000+16000 final:");
    EXPECT_EQ(refiner.counts().refined, 2) << "that nothing was said is an answer";
}

TEST_F(RefinerTest, TellsWhereTheFinalsEndBeforeTheyAreTold) {
    EXPECT_EQ(refiner.end_of_finals(), Millis(0));
    told(final_of("a", 1000));
    EXPECT_EQ(refiner.end_of_finals(), Millis(1000));
    answer(1, "A");
    EXPECT_EQ(refiner.end_of_finals(), Millis(1000));
}

// Two streams, one model: what one of them waited for in vain, the other need not wait for.
class RefinersOfOneModel : public testing::Test {
  protected:
    static int finals_told(Refiner& refiner) {
        int told = 0;
        for (const auto& action : refiner.take_actions())
            told += std::holds_alternative<Told>(action) ? 1 : 0;
        return told;
    }
    // Whether the model was asked about it; if not, it must have been told at once.
    bool asks(Refiner& refiner) {
        (void)refiner.take_actions();
        refiner.on_told(final_of("a", 1000), now);
        const bool is_asked = !refiner.is_idle();
        EXPECT_EQ(finals_told(refiner), is_asked ? 0 : 1);
        return is_asked;
    }
    void miss_limit(Refiner& refiner) {
        ASSERT_TRUE(asks(refiner));
        now += Millis(3000);
        refiner.on_time(now);
        EXPECT_EQ(finals_told(refiner), 1);
    }
    void fail(Refiner& refiner, std::uint64_t number, Errc cause = Errc::unavailable) {
        ASSERT_TRUE(asks(refiner));
        refiner.on_answer(number, Error(cause), now);
    }

    Breaker breaker{{.consecutive_failures = 3, .pause = Millis(10'000)}};
    Refiner one{{.limit = Millis(3000)}, &breaker};
    Refiner other{{.limit = Millis(3000)}, &breaker};
    Refiner::TimePoint now{};
};

TEST_F(RefinersOfOneModel, AreToldAtOnceAfterLimitsAndFailuresInARow) {
    miss_limit(one);
    fail(other, 1);
    miss_limit(one);
    EXPECT_FALSE(asks(one));
    EXPECT_FALSE(asks(other));
    EXPECT_EQ(one.counts().kept, 3);
    EXPECT_EQ(one.counts().skipped, 1);
}

TEST_F(RefinersOfOneModel, WhatIsWrongWithOneFinalTeachesNothing) {
    std::uint64_t number = 0;
    for (const auto cause : {Errc::internal, Errc::bad_request, Errc::too_long, Errc::busy})
        fail(one, ++number, cause);
    EXPECT_TRUE(asks(other));
}

TEST_F(RefinersOfOneModel, AModelThatIsStillLoadingMissesNoLimit) {
    for (int i = 0; i < 4; ++i) {
        ASSERT_TRUE(asks(one));
        now += Millis(3000);
        one.on_time(now, true);
        EXPECT_EQ(finals_told(one), 1);
    }
    EXPECT_EQ(one.counts().kept, 4);
    EXPECT_TRUE(asks(other));
}

TEST_F(RefinersOfOneModel, OneFinalProbesAndASuccessEndsThePause) {
    for (int i = 0; i < 3; ++i) miss_limit(one);
    now += Millis(10'000);
    ASSERT_TRUE(asks(one));
    EXPECT_FALSE(asks(other)) << "one is enough";
    one.on_answer(4, utterance("A", 1000), now);
    EXPECT_TRUE(asks(other));
    EXPECT_TRUE(asks(other));
}

TEST_F(RefinersOfOneModel, AProbeThatNobodyWaitsForLeavesTheNextOneToTry) {
    for (int i = 0; i < 3; ++i) miss_limit(one);
    now += Millis(10'000);
    {
        Refiner leaving({.limit = Millis(3000)}, &breaker);
        ASSERT_TRUE(asks(leaving));
    }
    ASSERT_TRUE(asks(other));
    other.give_up();
    ASSERT_TRUE(asks(other));
    other.on_refused(2);
    ASSERT_TRUE(asks(other));
    other.on_time(now + Millis(3000));
    EXPECT_FALSE(asks(one));
    EXPECT_EQ(breaker.time_left(now + Millis(3000)), Millis(20'000));
}

TEST_F(RefinersOfOneModel, WhatCostNoTimeTeachesNothing) {
    for (std::uint64_t n = 1; n <= 5; ++n) {
        ASSERT_TRUE(asks(one));
        one.on_refused(n);
        EXPECT_EQ(finals_told(one), 1);
    }
    one.on_told(final_of("too long", 99'000, 99 * kSampleRate), now);
    EXPECT_EQ(breaker.state(), Breaker::State::closed);
    EXPECT_EQ(one.counts().kept, 6);
    EXPECT_EQ(one.counts().skipped, 0);
}

// A stream that is open at an engine, with three seconds of audio whose samples tell their place.
SessionMachine speaking(bool copies_audio) {
    SessionMachine machine({.copies_audio = copies_audio});
    std::vector<std::int16_t> audio(3 * kSampleRate);
    std::iota(audio.begin(), audio.end(), std::int16_t{0});
    machine.on_audio(audio);
    machine.on_engine_found(1);
    machine.on_message(proto::Opened{});
    (void)machine.take_actions();
    return machine;
}

TellFinal told_by(SessionMachine& machine, SamplePos start, SamplePos end, std::string text) {
    proto::Final final{.consumed_up_to = end};
    final.utterance.text = std::move(text);
    final.utterance.start = proto::to_millis(start);
    machine.on_message(final);
    return std::get<TellFinal>(machine.take_actions().at(0));
}

TEST(SessionMachineFinals, BringTheAudioTheyWereHeardIn) {
    auto machine = speaking(true);
    machine.on_message(proto::Credit{{}, 30000, 20000});
    (void)machine.take_actions();
    const auto first = told_by(machine, 20007, 40000, "one");
    EXPECT_EQ(first.first_sample, 20000);
    ASSERT_EQ(first.audio.size(), 20000u);
    EXPECT_EQ(first.audio[0], 20000);
    // Its start in milliseconds is a little before the end of the one before.
    const auto next = told_by(machine, 40000 - 8, 40320, "two");
    EXPECT_EQ(next.first_sample, 40000);
    EXPECT_EQ(next.audio.size(), 320u);
    EXPECT_TRUE(told_by(machine, 41600, 48000, "").audio.empty()) << "nothing was heard";
}

TEST(SessionMachineFinals, BringNoAudioThatNobodyWants) {
    auto machine = speaking(false);
    EXPECT_TRUE(told_by(machine, 0, 8000, "one").audio.empty());
}

// Whatever comes when: each final is told once, in order, and never later than its limit.
TEST(Refiner, LosesAndDoublesNothing) {
    for (unsigned seed = 0; seed < 200; ++seed) {
        std::mt19937 random(seed);
        Refiner refiner({.limit = Millis(50), .audio_limit = 5});
        std::vector<std::uint64_t> asked;
        std::vector<int> heard;
        Refiner::TimePoint now{};
        const auto take = [&] {
            for (const auto& action : refiner.take_actions()) {
                if (const auto* ask = std::get_if<AskSecond>(&action)) asked.push_back(ask->number);
                if (const auto* one = std::get_if<Told>(&action))
                    heard.push_back(
                        static_cast<int>(std::get<TellFinal>(*one).utterance.end.count()));
            }
        };
        for (int n = 1; n <= 100; ++n) {
            now += Millis(random() % 30);
            refiner.on_time(now);
            refiner.on_told(final_of("x", n, 1 + random() % 3), now);
            take();
            if (random() % 2 && !asked.empty()) {
                const auto number = asked[random() % asked.size()];
                if (random() % 3)
                    refiner.on_answer(number, utterance("y", n), now);
                else
                    refiner.on_answer(number, Error(Errc::internal), now);
            }
            take();
        }
        refiner.on_time(now + Millis(50));
        take();
        ASSERT_EQ(heard.size(), 100u) << seed;
        EXPECT_TRUE(std::ranges::is_sorted(heard)) << seed;
        EXPECT_EQ(refiner.counts().kept + refiner.counts().refined, 100) << seed;
    }
}

}  // namespace
}  // namespace tutti::policy
