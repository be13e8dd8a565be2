// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/words_of_tokens.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>

namespace tutti::engine::sherpa {
namespace {

using proto::Millis;

constexpr Millis kLength{10000};

// Tokens 100 ms apart.
std::vector<Token> tokens_of(std::initializer_list<const char*> texts) {
    std::vector<Token> tokens;
    for (const auto* text : texts)
        tokens.push_back({text, Millis(100) * static_cast<int>(tokens.size()), {}, {}});
    return tokens;
}

// "word@start-end word@..."
std::string shown(const std::vector<proto::Word>& words) {
    std::string out;
    for (const auto& word : words)
        out += fmt::format("{}{}@{}-{}", out.empty() ? "" : " ", word.text, word.start.count(),
                           word.end.count());
    return out;
}

struct Case {
    TokenStyle style;
    std::vector<Token> tokens;
    std::string words, text;
};

TEST(WordsOfTokens, JoinsPiecesAndLeavesOutWhatIsNoSpeech) {
    const auto pieces = TokenStyle::pieces, words = TokenStyle::words;
    const Case cases[] = {
        {pieces, tokens_of({}), "", ""},
        {pieces, tokens_of({"▁HEL", "LO", "▁WORLD"}), "hello@0-200 world@200-400", "HELLO WORLD"},
        {pieces, tokens_of({" hel", "lo", " world"}), "hello@0-200 world@200-400", "hello world"},
        {pieces, tokens_of({"▁", "a", "▁", "b"}), "a@100-200 b@300-500", "a b"},
        {pieces, tokens_of({"a", "b"}), "ab@0-300", "ab"},
        {pieces, tokens_of({"▁Yes", ",", "▁it", "'", "s", "."}), "yes@0-100 it's@200-500",
         "Yes, it's."},
        {pieces, tokens_of({"<|en|>", "▁hi", "<unk>", "▁you"}), "hi@100-200 you@300-500", "hi you"},
        {pieces, tokens_of({"你", "好", "，", "▁ok", "吗", "。"}),
         "你@0-100 好@100-200 ok@300-400 吗@400-500", "你好， ok吗。"},
        {pieces, tokens_of({"你好"}), "你@0-100 好@100-200", "你好"},
        {pieces, tokens_of({"▁na", "<0xC3>", "<0xAF>", "ve"}), "naïve@0-500", "naïve"},
        {pieces, tokens_of({"▁", "."}), "", "."},
        {words, tokens_of({"hel@@", "lo", "world"}), "hello@0-200 world@200-400", "hello world"},
        {words, tokens_of({"你", "好", "ok"}), "你@0-100 好@100-200 ok@200-400", "你好 ok"},
    };
    for (const auto& one : cases) {
        EXPECT_EQ(shown(words_of_tokens(one.tokens, one.style, kLength)), one.words);
        EXPECT_EQ(text_of_tokens(one.tokens, one.style), one.text);
    }
}

TEST(WordsOfTokens, EndsByDurationOrLengthAndBeginsBeforeTheUtteranceAfterACarry) {
    std::vector<Token> tokens = {{"▁a", Millis(-300), {}, {}}, {"▁b", Millis(500), Millis(30), {}}};
    EXPECT_EQ(shown(words_of_tokens(tokens, TokenStyle::pieces, kLength)), "a@-300--100 b@500-530");
    tokens[1].duration = Millis(900);
    EXPECT_EQ(shown(words_of_tokens(tokens, TokenStyle::pieces, Millis(600))),
              "a@-300--100 b@500-600");
    tokens[1].duration = Millis(0);
    EXPECT_EQ(shown(words_of_tokens(tokens, TokenStyle::pieces, Millis(400))),
              "a@-300--100 b@500-510")
        << "a word has a length wherever it begins";
}

TEST(WordsOfTokens, ConfidenceIsTheMeanProbabilityOfItsTokens) {
    const std::vector<Token> tokens = {{"▁he", Millis(0), {}, std::log(0.9f)},
                                       {"y", Millis(100), {}, std::log(0.4f)},
                                       {"▁you", Millis(200), {}, {}},
                                       {"▁two", Millis(300), {}, 0.5f}};
    const auto words = words_of_tokens(tokens, TokenStyle::pieces, kLength);
    ASSERT_EQ(words.size(), 3u);
    EXPECT_NEAR(words[0].confidence, 0.6f, 0.001f);
    EXPECT_EQ(words[1].confidence, 0.f);
    EXPECT_EQ(words[2].confidence, 1.f) << "a probability above 1 is none";
}

TEST(WordsOfTokens, KnowsWhereTheLastWordBegins) {
    const auto last = [](std::initializer_list<const char*> texts) {
        return begin_of_last_word(tokens_of(texts), TokenStyle::pieces);
    };
    EXPECT_EQ(last({}), 0u);
    EXPECT_EQ(last({"<|en|>"}), 1u) << "none";
    EXPECT_EQ(last({"▁one", "▁tw", "o"}), 1u);
    EXPECT_EQ(last({"▁one", "▁two", "▁", "."}), 1u) << "punctuation is no word";
    EXPECT_EQ(last({"▁one", "你"}), 1u);
}

TEST(AppendText, PartsOfOneSpeechAreJoinedAsItsLanguageDoes) {
    const auto joined = [](std::string text, std::string_view more) {
        append_text(text, more);
        return text;
    };
    EXPECT_EQ(joined("", "one"), "one");
    EXPECT_EQ(joined("one", ""), "one");
    EXPECT_EQ(joined("one.", "Two"), "one. Two");
    EXPECT_EQ(joined("naïv", "été"), "naïv été");
    EXPECT_EQ(joined("你好", "世界"), "你好世界");
    EXPECT_EQ(joined("你好。", "world"), "你好。world");
}

TEST(CleanUtf8, KeepsWholeCharactersAlone) {
    EXPECT_EQ(clean_utf8("naïve 你好 🎵"), "naïve 你好 🎵");
    EXPECT_EQ(clean_utf8("a\xE4\xBD"), "a") << "half a character";
    EXPECT_EQ(clean_utf8("\xC0\xAFx\xED\xA0\x80\xF5\x80\x80\x80"), "x")
        << "too long a form, a surrogate, beyond the last";
}

TEST(WordsOfTokens, BrokenCharactersEndNowhereElse) {
    for (const char* text : {"\xE4", "\xE4\xBD", "\xFF\xFE", "\xC3", "a\x80z"}) {
        const auto tokens = tokens_of({text});
        EXPECT_EQ(text_of_tokens(tokens, TokenStyle::pieces), text);
        EXPECT_LE(words_of_tokens(tokens, TokenStyle::pieces, kLength).size(), 1u);
    }
}

}  // namespace
}  // namespace tutti::engine::sherpa
