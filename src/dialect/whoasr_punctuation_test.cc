// SPDX-License-Identifier: Apache-2.0
#include "dialect/whoasr_punctuation.h"

#include "dialect/detail_body.h"
#include "dialect/error_map.h"
#include "dialect/test_support.h"

#include <gtest/gtest.h>

namespace tutti::dialect {
namespace {

TEST(WhoasrPunctuation, ReadsTheText) {
    EXPECT_EQ(*parse_whoasr_punctuation(R"({"text":"今天 good","more":1})"), "今天 good");
    EXPECT_EQ(*parse_whoasr_punctuation(R"({"text":""})"), "");
}

TEST(WhoasrPunctuation, WithoutATextItIs422) {
    for (const auto* body : {R"({})", R"({"text":7})", R"({"text":null})", "[]", "text", ""}) {
        const auto refused = parse_whoasr_punctuation(body);
        ASSERT_FALSE(refused) << body;
        EXPECT_EQ(http_status_of(refused.error().error.errc(), Protocol::whoasr), 422u);
        EXPECT_EQ(test::parsed(detail_body(refused.error())).at("detail").at(0).at("loc").at(1),
                  "text");
    }
    for (const auto& body : test::hostile_json()) EXPECT_FALSE(parse_whoasr_punctuation(body));
}

TEST(WhoasrPunctuation, AnswersWithBothTexts) {
    EXPECT_EQ(whoasr_punctuation_body("a", "a."),
              R"({"original_text":"a","punctuated_text":"a.","success":true,)"
              R"("message":"Punctuation added successfully"})");
}

}  // namespace
}  // namespace tutti::dialect
