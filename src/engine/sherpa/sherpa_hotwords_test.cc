// SPDX-License-Identifier: Apache-2.0
// Hotwords of a request, and confidences, with a transducer that hears tones as the words 一 to 八.
#include "engine/sherpa/sherpa_test_support.h"

namespace tutti::engine::sherpa {
namespace {

using Words = std::vector<std::string>;

// Tones that sound together, the second so much fainter that the first is heard, if not by much.
std::vector<std::int16_t> speak_both(std::string_view first, std::string_view second) {
    auto samples = speak_tones(first, proto::Millis(200));
    const auto other = speak_tones(second, proto::Millis(200));
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] = static_cast<std::int16_t>(0.5 * samples[i] + 0.18 * other[i]);
    return samples;
}

class SherpaTransducer : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto why = missing_parts(); !why.empty()) GTEST_SKIP() << why;
        recognizer_ = load_sherpa({.library = {}, .model_folder = model_folder("transducer")})(
            proto::StreamMode::live);
    }
    std::string hear(std::span<const std::int16_t> samples, const Words& hotwords) {
        Utterance utterance(*recognizer_, {.hotwords = hotwords});
        utterance.hear(samples);
        return utterance.end().hypothesis.text;
    }
    std::unique_ptr<Recognizer> recognizer_;
};

TEST_F(SherpaTransducer, HearsWordsAndHowSureItIs) {
    Utterance utterance(*recognizer_);
    utterance.hear(speak_tones("abba h"));
    const auto outcome = utterance.end();
    EXPECT_EQ(outcome.hypothesis.text, "一二二一八");
    ASSERT_EQ(outcome.hypothesis.words.size(), 5u);
    for (const auto& word : outcome.hypothesis.words) {
        EXPECT_GT(word.confidence, 0.5f) << word.text;
        EXPECT_LE(word.confidence, 1.f) << word.text;
    }
    Utterance unsure(*recognizer_);
    unsure.hear(speak_both("a", "b"));
    const auto heard = unsure.end().hypothesis;
    ASSERT_EQ(heard.words.size(), 1u);
    EXPECT_LT(heard.words[0].confidence, outcome.hypothesis.words[0].confidence);
}

TEST_F(SherpaTransducer, AHotwordIsHeardWhereItIsAboutAsLikely) {
    const auto samples = speak_both("ac", "bd");
    EXPECT_EQ(hear(samples, {}), "一三");
    EXPECT_EQ(hear(samples, {"二"}), "二三");
    EXPECT_EQ(hear(samples, {"二", "四"}), "二四");
    EXPECT_EQ(hear(samples, {"二四"}), "二四");
    EXPECT_EQ(hear(speak_tones("ac"), {"二", "四"}), "一三") << "nothing sounds like them";
    EXPECT_EQ(hear(samples, {}), "一三") << "they were of the utterances before";
}

TEST_F(SherpaTransducer, HotwordsThatMeanNothingToTheModelHarmNothing) {
    const auto samples = speak_both("a", "b");
    EXPECT_EQ(hear(samples, {"Tutti", ":", ":x", "#", "@", "/", "//", "四五六七八 X", "\xff"}),
              "一");
    EXPECT_EQ(hear(samples, {"Tutti, 二. 三/:9"}), "二");
    EXPECT_EQ(hear(samples, Words(200, "二")), "二");
}

TEST_F(SherpaTransducer, EachStreamOfABatchHasItsOwn) {
    const auto samples = speak_both("ac", "bd");
    const Words hotwords[] = {{}, {"二"}, {"四"}, {}, {"二四"}};
    const char* wanted[] = {"一三", "二三", "一四", "一三", "二四"};
    std::vector<std::unique_ptr<RecognizerStream>> streams;
    for (const auto& words : hotwords) {
        streams.push_back(recognizer_->create_stream({.hotwords = words}));
        streams.back()->accept_audio(samples);
        streams.back()->input_finished(Ending::complete);
    }
    for (std::vector<RecognizerStream*> ready;; ready.clear()) {
        for (const auto& stream : streams)
            if (stream->is_ready()) ready.push_back(stream.get());
        if (ready.empty()) break;
        recognizer_->decode(ready);
    }
    for (std::size_t i = 0; i < std::size(wanted); ++i)
        EXPECT_EQ(streams[i]->result().hypothesis.text, wanted[i]) << i;
}

TEST(SherpaHotwordsOfOtherModels, AreIgnored) {
    if (const auto why = missing_parts(); !why.empty()) GTEST_SKIP() << why;
    for (const char* name : {"streaming", "offline"}) {
        const auto recognizer = load_sherpa({.library = {}, .model_folder = model_folder(name)})(
            proto::StreamMode::live);
        Utterance utterance(*recognizer, {.hotwords = {"h", "a"}});
        utterance.hear(speak_tones("abc"));
        EXPECT_EQ(utterance.end().hypothesis.text, "a b c");
    }
}

}  // namespace
}  // namespace tutti::engine::sherpa
