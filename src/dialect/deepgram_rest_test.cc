// SPDX-License-Identifier: Apache-2.0
#include "dialect/deepgram_rest.h"

#include "dialect/deepgram_json.h"
#include "dialect/test_support.h"

#include <gtest/gtest.h>

namespace tutti::dialect {
namespace {

boost::json::value body(std::string_view query, const proto::Transcript& transcript) {
    const auto request = parse_deepgram_file(parse_query(query).value()).value();
    return test::parsed(deepgram_body(transcript, request, {"req-1", "beef", {}}));
}

TEST(DeepgramRest, TheLanguageIsToldToWhoAsks) {
    auto transcript = test::transcript();
    const auto channel = [&](const char* query) {
        return body(query, transcript).at_pointer("/results/channels/0").as_object();
    };
    EXPECT_FALSE(channel("").contains("detected_language"));
    EXPECT_FALSE(channel("detect_language=false").contains("detected_language"));
    EXPECT_EQ(channel("detect_language=true").at("detected_language"), "en") << "the model's";
    transcript.utterances.back().language = "zh";
    EXPECT_EQ(channel("detect_language=zh&detect_language=en").at("detected_language"), "zh");
}

TEST(DeepgramRest, TheBodyHasWhatTheSdkRequires) {
    const auto answer = body("tag=t", test::transcript());
    const auto& metadata = answer.at("metadata");
    EXPECT_EQ(metadata.at("request_id"), "req-1");
    EXPECT_EQ(metadata.at("sha256"), "beef");
    EXPECT_EQ(metadata.at("created"), "1970-01-01T00:00:00.000Z");
    EXPECT_EQ(metadata.at("duration"), 5.25);
    EXPECT_EQ(metadata.at("channels"), 1);
    EXPECT_EQ(metadata.at("tags"), (boost::json::array{"t"}));
    const auto uuid = deepgram_model_uuid("en-us");
    EXPECT_EQ(metadata.at("models").at(0).as_string(), uuid);
    EXPECT_EQ(metadata.at("model_info").at(uuid).at("name"), "en-us");
    ASSERT_EQ(answer.at("results").at("channels").as_array().size(), 1u);
    const auto& alternative = answer.at("results").at("channels").at(0).at("alternatives").at(0);
    EXPECT_EQ(alternative.at("transcript"), "good day to you all");
    EXPECT_EQ(alternative.at("confidence"), 0.9);
    EXPECT_EQ(alternative.at("words").as_array().size(), 5u);
    EXPECT_FALSE(alternative.at("words").at(0).as_object().contains("punctuated_word"));
    EXPECT_FALSE(alternative.as_object().contains("paragraphs"));
    EXPECT_FALSE(answer.at("results").as_object().contains("utterances"));
}

TEST(DeepgramRest, UtterancesAndPunctuationOnRequest) {
    const auto answer = body("utterances=true&punctuate=true", test::transcript());
    const auto& utterances = answer.at("results").at("utterances").as_array();
    ASSERT_EQ(utterances.size(), 2u);
    EXPECT_EQ(utterances[1].at("transcript"), "To you all");
    EXPECT_EQ(utterances[1].at("start"), 4.0);
    EXPECT_EQ(utterances[1].at("end"), 4.8);
    EXPECT_EQ(utterances[1].at("channel"), 0);
    EXPECT_EQ(utterances[1].at("words").at(0).at("punctuated_word"), "To");
    EXPECT_EQ(utterances[1].at("id").as_string().size(), 36u);
    EXPECT_NE(utterances[0].at("id"), utterances[1].at("id"));
    EXPECT_EQ(answer.at("results").at("channels").at(0).at("alternatives").at(0).at("transcript"),
              "Good day To you all");
}

TEST(DeepgramRest, MarksAreShownWordByWord) {
    auto transcript = test::transcript();
    transcript.is_punctuated = true;
    transcript.utterances[0].text = "good day,";
    transcript.utterances[1].text = "to you. all";
    transcript.utterances[0].words[1].shown = "day,";
    transcript.utterances[1].words[1].shown = "you.";
    const auto answer = body("punctuate=true", transcript);
    const auto& alternative = answer.at("results").at("channels").at(0).at("alternatives").at(0);
    EXPECT_EQ(alternative.at("transcript"), "Good day, to you. All");
    std::vector<std::string> shown;
    for (const auto& word : alternative.at("words").as_array())
        shown.emplace_back(word.at("punctuated_word").as_string());
    EXPECT_EQ(shown, (std::vector<std::string>{"Good", "day,", "to", "you.", "All"}));
    EXPECT_EQ(alternative.at("words").at(1).at("word"), "day");
}

TEST(DeepgramRest, SpeakersAreTold) {
    auto transcript = test::transcript();
    transcript.utterances[1].start = transcript.utterances[0].end + Millis(10);
    for (int i = 0; i < 2; ++i) {
        auto& utterance = transcript.utterances[static_cast<std::size_t>(i)];
        utterance.speaker = i;
        for (auto& word : utterance.words) word.speaker = i;
    }
    const auto results =
        body("diarize=true&utterances=true&paragraphs=true", transcript).at("results");
    const auto& alternative = results.at("channels").at(0).at("alternatives").at(0);
    EXPECT_EQ(alternative.at("words").at(1).at("speaker"), 0);
    EXPECT_EQ(alternative.at("words").at(2).at("speaker"), 1);
    EXPECT_EQ(results.at("utterances").at(1).at("speaker"), 1);
    const auto& paragraphs = alternative.at("paragraphs").at("paragraphs").as_array();
    ASSERT_EQ(paragraphs.size(), 2u);
    EXPECT_EQ(paragraphs[1].at("speaker"), 1);
    const auto plain = body("utterances=true", test::transcript()).at("results");
    EXPECT_FALSE(plain.at("utterances").at(0).as_object().contains("speaker"));
}

TEST(DeepgramRest, ParagraphsBreakAtLongSilence) {
    auto transcript = test::transcript();
    transcript.utterances.push_back(test::utterance("and more", Millis(5000)));
    const auto answer = body("paragraphs=true", transcript);
    const auto& paragraphs =
        answer.at("results").at("channels").at(0).at("alternatives").at(0).at("paragraphs");
    EXPECT_EQ(paragraphs.at("transcript"), "\ngood day\n\nto you all and more");
    const auto& list = paragraphs.at("paragraphs").as_array();
    ASSERT_EQ(list.size(), 2u);
    EXPECT_EQ(list[1].at("sentences").as_array().size(), 2u);
    EXPECT_EQ(list[1].at("num_words"), 5);
    EXPECT_EQ(list[1].at("start"), 4.0);
    EXPECT_EQ(list[1].at("end"), 5.5);
    EXPECT_EQ(list[0].at("sentences").at(0).at("text"), "good day");
}

TEST(DeepgramRest, SilenceIsAnEmptyTranscript) {
    const auto answer = body("utterances=true&paragraphs=true", {});
    const auto& alternative = answer.at("results").at("channels").at(0).at("alternatives").at(0);
    EXPECT_EQ(alternative.at("transcript"), "");
    EXPECT_EQ(alternative.at("confidence"), 0.0);
    EXPECT_TRUE(alternative.at("words").as_array().empty());
    EXPECT_TRUE(answer.at("results").at("utterances").as_array().empty());
}

TEST(DeepgramRest, WavHeadersDescribeRawAudio) {
    const auto header = wav_header_for({audio::Encoding::mulaw, 8000, 2});
    ASSERT_EQ(header.size(), 44u);
    EXPECT_EQ(header.substr(0, 4), "RIFF");
    EXPECT_EQ(header.substr(8, 8), "WAVEfmt ");
    const auto number = [&](std::size_t at, int bytes) {
        std::uint32_t value = 0;
        for (int i = bytes - 1; i >= 0; --i)
            value =
                value << 8 | static_cast<unsigned char>(header[at + static_cast<std::size_t>(i)]);
        return value;
    };
    EXPECT_EQ(number(20, 2), 7u);
    EXPECT_EQ(number(22, 2), 2u);
    EXPECT_EQ(number(24, 4), 8000u);
    EXPECT_EQ(number(28, 4), 16000u);
    EXPECT_EQ(number(32, 2), 2u);
    EXPECT_EQ(number(34, 2), 8u);
    EXPECT_EQ(header.substr(36, 4), "data");
}

}  // namespace
}  // namespace tutti::dialect
