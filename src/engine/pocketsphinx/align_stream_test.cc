// SPDX-License-Identifier: Apache-2.0
// Alignment with the real model: of flite's voice, and of prose read by a human.
#include "engine/forked_recognizer.h"
#include "engine/pocketsphinx/pocketsphinx_recognizer.h"
#include "engine/pocketsphinx/test_speech.h"

#include <csignal>
#include <gmock/gmock.h>

#include <optional>

namespace tutti::engine {
namespace {

using proto::Millis;
using proto::StreamMode;
using testing::HasSubstr;

constexpr std::size_t kAtOnce = 1 << 20;
const std::filesystem::path kProse =
    "/usr/share/pocketsphinx/test/data/librivox/sense_and_sensibility_01_austen_64kb-0870.wav";

float mean_confidence(const Hypothesis& found) {
    float sum = 0;
    for (const auto& word : found.words) sum += word.confidence;
    return sum / static_cast<float>(found.words.size());
}

void expect_in_order(const Hypothesis& found, std::size_t sample_count) {
    Millis last{};
    for (const auto& word : found.words) {
        EXPECT_GE(word.start, last) << word.text;
        EXPECT_GT(word.end, word.start) << word.text;
        EXPECT_GE(word.confidence, 0.f);
        EXPECT_LE(word.confidence, 1.f);
        last = word.end;
    }
    EXPECT_LE(last, proto::to_millis(static_cast<SamplePos>(sample_count)));
}

class Alignment : public testing::TestWithParam<bool> {
  protected:
    void SetUp() override {
        if (!std::filesystem::exists(kModel)) GTEST_SKIP() << "no model at " << kModel;
        speech_ = speak("please open the door and come inside");
        if (speech_.empty()) GTEST_SKIP() << "no flite to speak";
        if (GetParam()) {
            nursery_.emplace([] { return load_pocketsphinx(find_pocketsphinx_model(kModel)); });
            nursery_->wait_until_loaded();
            recognizer_ = std::make_unique<ForkedRecognizer>(*nursery_, StreamMode::whole);
        } else {
            recognizer_ = load_pocketsphinx(find_pocketsphinx_model(kModel))(StreamMode::whole);
        }
    }
    Outcome align(const std::vector<std::int16_t>& samples, const std::string& text) {
        return recognize(*recognizer_, samples, kAtOnce, {.text = text});
    }
    std::string why_refused(const std::vector<std::int16_t>& samples, const std::string& text) {
        try {
            align(samples, text);
        } catch (const RecognitionError& e) {
            const bool is_of_words = std::string(e.what()).find("pronounce") != std::string::npos;
            EXPECT_EQ(e.error.errc(), is_of_words ? Errc::bad_parameter : Errc::bad_request);
            return e.what();
        }
        return "not refused";
    }

    std::vector<std::int16_t> speech_;
    std::optional<Nursery> nursery_;
    std::unique_ptr<Recognizer> recognizer_;
};

TEST_P(Alignment, WordsLieWhereAFreeRecognitionHearsThem) {
    constexpr Millis kNear{100};
    for (const std::string text :
         {"please open the door and come inside", "she had a good day at the office",
          "the children are playing in the garden"}) {
        const auto samples = speak(text);
        const auto heard = recognize(*recognizer_, samples, kAtOnce).hypothesis;
        const auto outcome = align(samples, text);
        const auto& found = outcome.hypothesis;
        EXPECT_EQ(outcome.settled, static_cast<SamplePos>(samples.size()));
        EXPECT_EQ(found.text, text);
        ASSERT_EQ(heard.text, text);
        ASSERT_EQ(found.words.size(), heard.words.size());
        expect_in_order(found, samples.size());
        for (std::size_t n = 0; n < found.words.size(); ++n) {
            EXPECT_EQ(found.words[n].text, heard.words[n].text);
            EXPECT_LE(std::chrono::abs(found.words[n].start - heard.words[n].start), kNear)
                << text << ": " << found.words[n].text;
            EXPECT_LE(std::chrono::abs(found.words[n].end - heard.words[n].end), kNear)
                << text << ": " << found.words[n].text;
        }
        EXPECT_GT(mean_confidence(found), 0.8f);
    }
}

// Borders read off the wave form.
TEST_P(Alignment, ReadAloudProse) {
    const auto samples = load_wav(kProse);
    if (samples.empty()) GTEST_SKIP() << "no " << kProse;
    const std::string text =
        "And Mister John Dashwood had then leisure to consider, how much there might be prudently "
        "in his power to do for them.";
    const auto found = align(samples, text).hypothesis;
    EXPECT_EQ(found.text, text);
    ASSERT_EQ(found.words.size(), 22u);
    expect_in_order(found, samples.size());
    EXPECT_GT(mean_confidence(found), 0.8f);
    const auto near = [](Millis time, int expected) {
        return std::abs(time.count() - expected) <= 100;
    };
    EXPECT_EQ(found.words[3].text, "Dashwood");
    EXPECT_TRUE(near(found.words[3].start, 980) && near(found.words[3].end, 1580));
    EXPECT_EQ(found.words[8].text, "consider,");
    EXPECT_TRUE(near(found.words[8].start, 2890) && near(found.words[8].end, 3440));
    EXPECT_EQ(found.words[14].text, "prudently");
    EXPECT_TRUE(near(found.words[14].start, 4940) && near(found.words[14].end, 5460));
}

TEST_P(Alignment, AWordOfTwoPartsIsOneAnswer) {
    const auto found =
        align(speech_, "Please open \xe2\x80\x9cthe-door\xe2\x80\x9d and come inside").hypothesis;
    ASSERT_EQ(found.words.size(), 6u);
    EXPECT_EQ(found.words[2].text, "\xe2\x80\x9cthe-door\xe2\x80\x9d");
    const auto apart = align(speech_, "please open the door and come inside").hypothesis;
    EXPECT_EQ(found.words[2].start, apart.words[2].start);
    EXPECT_EQ(found.words[2].end, apart.words[3].end);
}

TEST_P(Alignment, AnotherTextIsFoundWithLittleConfidence) {
    const auto right = align(speech_, "please open the door and come inside").hypothesis;
    const auto wrong = align(speech_, "many yellow birds follow us").hypothesis;
    EXPECT_GT(mean_confidence(right), 0.8f);
    EXPECT_LT(mean_confidence(wrong), 0.3f);
    const auto half = align(speech_, "please open the yellow birds inside").hypothesis;
    ASSERT_EQ(half.words.size(), 6u);
    EXPECT_GT(half.words[0].confidence, 0.7f);
    EXPECT_LT(half.words[4].confidence, 0.3f);
}

TEST_P(Alignment, WhatCannotBeAlignedIsNamed) {
    EXPECT_THAT(why_refused(speech_, "please open the xyzzy door 42 times"),
                HasSubstr("xyzzy, 42"));
    EXPECT_THAT(why_refused(speech_, "the(2) <sil> [NOISE]"), HasSubstr("the(2)"));
    EXPECT_THAT(why_refused(speech_, " ... -- "), HasSubstr("no words"));
    std::string many;
    for (int n = 0; n < 500; ++n) many += "garden ";
    auto two_seconds = speech_;
    two_seconds.resize(2 * proto::kSampleRate);
    EXPECT_THAT(why_refused(two_seconds, many), HasSubstr("more words"));
    // 50 words have room, their phones have not.
    EXPECT_THAT(why_refused(two_seconds, many.substr(0, 350)), HasSubstr("does not fit"));
    EXPECT_THAT(why_refused({}, "please"), HasSubstr("more words"));
    EXPECT_THAT(why_refused(std::vector<std::int16_t>(100), "please"), HasSubstr("more words"));
    // None of it does harm to the next.
    EXPECT_EQ(align(speech_, "please open the door and come inside").hypothesis.words.size(), 7u);
}

TEST_P(Alignment, LeavesNoTraceInRecognition) {
    const auto before = recognize(*recognizer_, speech_, kAtOnce).hypothesis;
    const auto first = align(speech_, "please open the door and come inside").hypothesis;
    EXPECT_EQ(recognize(*recognizer_, speech_, kAtOnce).hypothesis, before);
    align(speech_, "many yellow birds");
    EXPECT_EQ(align(speech_, "please open the door and come inside").hypothesis, first);
}

TEST_P(Alignment, SilenceIsNoReasonToFail) {
    const std::vector<std::int16_t> silence(2 * proto::kSampleRate);
    const auto refused = why_refused(silence, "please open the door");
    EXPECT_THAT(refused, testing::AnyOf(HasSubstr("does not fit"), HasSubstr("not refused")));
}

INSTANTIATE_TEST_SUITE_P(Ways, Alignment, testing::Bool(),
                         [](const auto& way) { return way.param ? "Forked" : "Direct"; });

TEST(ForkedAlignment, AKillInMidAlignmentChangesNothing) {
    const auto samples = speak("please open the door and come inside");
    if (!std::filesystem::exists(kModel) || samples.empty()) GTEST_SKIP() << "no model or flite";
    Nursery nursery([] { return load_pocketsphinx(find_pocketsphinx_model(kModel)); });
    nursery.wait_until_loaded();
    ForkedRecognizer recognizer(nursery, StreamMode::whole);
    const StreamOptions options{.text = "please open the door and come inside"};
    const auto undisturbed = recognize(recognizer, samples, kAtOnce, options);
    const auto worker = recognizer.worker_pid();
    const auto stream = recognizer.create_stream(options);
    stream->accept_audio(samples);
    stream->input_finished(Ending::complete);
    RecognizerStream* one = stream.get();
    recognizer.decode({&one, 1});
    ::kill(worker, SIGKILL);
    EXPECT_EQ(stream->result().hypothesis, undisturbed.hypothesis);
    EXPECT_NE(recognizer.worker_pid(), worker);
}

}  // namespace
}  // namespace tutti::engine
