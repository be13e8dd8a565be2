// SPDX-License-Identifier: Apache-2.0
#include "dialect/error_map.h"

#include "dialect/detail_body.h"
#include "dialect/kn_demo.h"
#include "dialect/test_support.h"

#include <gtest/gtest.h>

namespace tutti::dialect {
namespace {

TEST(ErrorMap, EveryErrcHasARow) {
    for (int value = 0; value <= static_cast<int>(Errc::internal); ++value) {
        const auto cause = static_cast<Errc>(value);
        for (const auto protocol :
             {Protocol::openai, Protocol::deepgram, Protocol::whoasr, Protocol::kn_demo}) {
            EXPECT_GE(http_status_of(cause, protocol), cause == Errc::ok ? 200u : 400u);
            EXPECT_LT(http_status_of(cause, protocol), 600u);
        }
        EXPECT_GE(close_code_of(cause), 1000);
        EXPECT_LE(close_code_of(cause), 1013);
    }
}

TEST(ErrorMap, KnowsWhatClientsRelyOn) {
    EXPECT_EQ(http_status_of(Errc::unknown_model, Protocol::openai), 404u);
    EXPECT_EQ(http_status_of(Errc::unknown_model, Protocol::deepgram), 400u);
    EXPECT_EQ(http_status_of(Errc::bad_parameter, Protocol::openai), 400u);
    EXPECT_EQ(http_status_of(Errc::bad_parameter, Protocol::whoasr), 422u);
    EXPECT_EQ(http_status_of(Errc::undecodable_audio, Protocol::kn_demo), 500u);
    EXPECT_EQ(http_status_of(Errc::busy, Protocol::deepgram), 503u);
    EXPECT_TRUE(is_retryable(Errc::busy));
    EXPECT_FALSE(is_retryable(Errc::undecodable_audio));
    EXPECT_EQ(close_code_of(Errc::ok), 1000);
    EXPECT_EQ(close_code_of(Errc::client_idle), 1011);
}

TEST(DetailBody, IsAListForFieldsAndAStringOtherwise) {
    const auto missing = test::parsed(detail_body(kn_demo_missing_file()));
    const auto& fault = missing.at("detail").at(0);
    EXPECT_EQ(fault.at("type"), "missing");
    EXPECT_EQ(fault.at("loc"), (boost::json::array{"body", "file"}));
    EXPECT_TRUE(fault.at("input").is_null());
    const auto wrong = test::parsed(detail_body(bad_value("n", "abc", "must be a number")));
    EXPECT_EQ(wrong.at("detail").at(0).at("input"), "abc");
    EXPECT_EQ(detail_body({{Errc::internal, "it broke"}, {}, {}}), R"({"detail":"it broke"})");
}

TEST(KnDemo, AnswersWithTheTextAlone) {
    EXPECT_EQ(kn_demo_body(test::transcript()), R"({"transcription":"good day to you all"})");
    EXPECT_EQ(kn_demo_body({}), R"({"transcription":""})");
}

}  // namespace
}  // namespace tutti::dialect
