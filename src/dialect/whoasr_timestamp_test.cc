// SPDX-License-Identifier: Apache-2.0
#include "dialect/whoasr_timestamp.h"

#include "dialect/detail_body.h"
#include "dialect/error_map.h"
#include "dialect/test_support.h"

#include <gtest/gtest.h>

namespace tutti::dialect {
namespace {

TEST(WhoasrTimestamp, TakesTheTextFromEitherField) {
    struct Case {
        std::vector<std::pair<std::string, std::string>> form;
        std::string expected;
    };
    const Case cases[] = {
        {{{"text_content", "good day"}}, "good day"},
        {{{"text_file", "good day"}}, "good day"},
        {{{"text_file", "no"}, {"text_content", "yes"}}, "yes"},
        {{{"text_file", "yes"}, {"text_content", ""}}, "yes"},
        {{{"text_file", "\xef\xbb\xbfgood"}}, "good"},
        {{{"text_content", "caf\xc3\xa9 \xe4\xbd\xa0"}}, "caf\xc3\xa9 \xe4\xbd\xa0"},
        {{{"text_content", " "}}, " "},
    };
    for (const auto& [items, expected] : cases) {
        Fields form;
        for (const auto& [name, value] : items) form.add(name, value);
        const auto text = parse_whoasr_timestamp(form, "a.WAV");
        ASSERT_TRUE(text) << expected;
        EXPECT_EQ(*text, expected);
    }
}

TEST(WhoasrTimestamp, NamesWhatIsWrongInUpstreamsOrder) {
    const auto good = test::fields({{"text_content", "good day"}});
    const auto missing = parse_whoasr_timestamp(good, std::nullopt);
    ASSERT_FALSE(missing);
    EXPECT_EQ(http_status_of(missing.error().error.errc(), Protocol::whoasr), 422u);
    EXPECT_EQ(test::parsed(detail_body(missing.error())).at("detail").at(0).at("loc").at(1),
              "audio_file");
    const auto suffix = parse_whoasr_timestamp({}, "a.txt");
    ASSERT_FALSE(suffix);
    EXPECT_EQ(http_status_of(suffix.error().error.errc(), Protocol::whoasr), 400u);
    EXPECT_NE(suffix.error().error.message().find("file format"), std::string::npos);
    for (const auto* empty : {"", "\xef\xbb\xbf"}) {
        const auto none = parse_whoasr_timestamp(test::fields({{"text_file", empty}}), "a.wav");
        ASSERT_FALSE(none);
        EXPECT_EQ(http_status_of(none.error().error.errc(), Protocol::whoasr), 400u);
        EXPECT_EQ(detail_body(none.error()),
                  R"({"detail":"Either text_file or text_content is required"})");
    }
    for (const auto* bad : {"\xff", "a\xc3", "\xed\xa0\x80", "\xc0\x80"}) {
        const auto garbled = parse_whoasr_timestamp(test::fields({{"text_file", bad}}), "a.wav");
        ASSERT_FALSE(garbled) << bad;
        EXPECT_EQ(detail_body(garbled.error()), R"({"detail":"text_file is not UTF-8"})");
    }
}

TEST(WhoasrTimestamp, WithoutAModelItSaysHowToLoadOne) {
    const auto error = whoasr_timestamp_not_loaded("", proto::ModelState::unloaded);
    EXPECT_EQ(http_status_of(error.error.errc(), Protocol::whoasr), 503u);
    EXPECT_NE(detail_body(error).find("--models en-us"), std::string::npos);
    const auto unloaded = whoasr_timestamp_not_loaded("aligner", proto::ModelState::failed);
    EXPECT_EQ(
        unloaded.error.context,
        "Timestamp model not loaded. 'aligner' is served, but failed; on the server's machine: "
        R"(tutti ctl load aligner, or POST /model/load {"model_type":"timestamp"})");
}

TEST(WhoasrTimestamp, EachWordIsAResultInMilliseconds) {
    proto::Transcript transcript;
    transcript.utterances.resize(2);
    transcript.utterances[0].words = {
        {"Good", Millis(120), Millis(320), 0.98765432f},
        {"\"day\"", Millis(320), Millis(560), 1.f},
    };
    transcript.utterances[1].words = {{"bye", Millis(900), Millis(1000), 0.f}};
    const auto body = whoasr_timestamp_body(transcript);
    EXPECT_TRUE(body.starts_with(
        R"({"success":true,"message":"Timestamp prediction completed successfully","results":[)"
        R"({"text":"Good","start":120,"end":320,"confidence":)"))
        << body;
    const auto results = test::parsed(body).at("results").as_array();
    ASSERT_EQ(results.size(), 3u);
    EXPECT_NEAR(results[0].at("confidence").as_double(), 0.9877, 1e-9);
    EXPECT_EQ(results[1].at("text"), "\"day\"");
    EXPECT_EQ(results[2].at("end"), 1000);
}

TEST(WhoasrTimestamp, FailuresSayWhatFailed) {
    EXPECT_EQ(whoasr_timestamp_failure_body({Errc::bad_request, "the text has no words"}),
              R"({"detail":"Timestamp processing failed: the text has no words"})");
}

}  // namespace
}  // namespace tutti::dialect
