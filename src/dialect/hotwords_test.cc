// SPDX-License-Identifier: Apache-2.0
#include "dialect/hotwords.h"

#include "proto/engine_messages.h"

#include <gtest/gtest.h>

namespace tutti::dialect {
namespace {

using Words = std::vector<std::string>;

Fields fields(std::initializer_list<std::pair<const char*, std::string>> items) {
    Fields out;
    for (const auto& [name, value] : items) out.add(name, value);
    return out;
}

TEST(Hotwords, OfDeepgramAreKeytermsAndKeywords) {
    const auto words = deepgram_hotwords(fields({{"keyterm", "Tutti"},
                                                 {"keywords", "grandmother:2.5"},
                                                 {"keyterm", " a\r\nphrase "},
                                                 {"keywords", "plain"},
                                                 {"keywords", "less:-1"},
                                                 {"keywords", "std::vector"},
                                                 {"keyterm", ""},
                                                 {"keyterm", "Tutti"}}));
    EXPECT_EQ(words.value(),
              (Words{"Tutti", "a  phrase", "grandmother", "plain", "less", "std::vector"}));
    EXPECT_EQ(deepgram_hotwords({}).value(), Words{});
}

TEST(Hotwords, OfOpenAiAreKeywordsAndThePrompt) {
    EXPECT_EQ(openai_hotwords(fields({{"prompt", "A talk, about Tutti."}, {"keywords", "scribe"}}))
                  .value(),
              (Words{"scribe", "A talk, about Tutti."}));
}

TEST(Hotwords, OfALongPromptTheEndCounts) {
    std::string prompt;
    for (int i = 0; i < 5000; ++i) prompt += "é";
    const auto words = openai_hotwords(fields({{"prompt", prompt + "end"}})).value();
    ASSERT_EQ(words.size(), 1u);
    EXPECT_TRUE(words[0].starts_with("é") && words[0].ends_with("éend"));
    EXPECT_LE(words[0].size(), proto::kMaxHotwordBytes);
}

TEST(Hotwords, OfWhoasrStandBetweenSpacesOrSemicolons) {
    const auto words = [](const std::string& field) {
        return whoasr_hotwords(fields({{"hotword", field}})).value();
    };
    EXPECT_EQ(words("  阿里巴巴 Tutti\tscribe\r\nTutti "), (Words{"阿里巴巴", "Tutti", "scribe"}));
    EXPECT_EQ(words("one;two; three;"), (Words{"one", "two", "three"}));
    EXPECT_EQ(words(" ; "), Words{});
    EXPECT_EQ(whoasr_hotwords({}).value(), Words{});
    const auto refused =
        whoasr_hotwords(fields({{"hotword", std::string(proto::kMaxHotwordBytes + 1, 'x')}}));
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().param, "hotword");
}

TEST(Hotwords, TooManyAreRefused) {
    Fields many;
    for (std::size_t i = 0; i < proto::kMaxHotwords; ++i)
        many.add("keyterm", "w" + std::to_string(i));
    EXPECT_TRUE(deepgram_hotwords(many));
    many.add("keyterm", "one more");
    const auto refused = deepgram_hotwords(many);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().param, "keyterm");
    EXPECT_EQ(refused.error().error.errc(), Errc::bad_parameter);
    EXPECT_FALSE(
        deepgram_hotwords(fields({{"keywords", std::string(proto::kMaxHotwordBytes + 1, 'x')}})));
}

}  // namespace
}  // namespace tutti::dialect
