// SPDX-License-Identifier: Apache-2.0
#include "policy/text_match.h"

#include <gtest/gtest.h>

#include <random>
#include <sstream>

namespace tutti::policy {
namespace {

using proto::Millis;

std::vector<std::string> split(const std::string& text) {
    std::istringstream in(text);
    std::vector<std::string> words;
    for (std::string word; in >> word;) words.push_back(word);
    return words;
}

// Stretches and pieces with bars between them.
std::string told(std::string_view text, const std::string& heard) {
    std::vector<std::vector<std::string>> stretches;
    std::istringstream in(heard);
    for (std::string stretch; std::getline(in, stretch, '|');) stretches.push_back(split(stretch));
    std::string out;
    for (const auto& piece : match_text(text, stretches)) out += piece + '|';
    return out;
}

TEST(MatchText, GivesEachStretchWhatWasSpokenInIt) {
    struct Case {
        std::string_view text;
        std::string heard, expected;
    };
    const Case cases[] = {
        {"one two three", "one two three", "one two three|"},
        {"One, two; three!", "one two|three", "One, two;|three!|"},
        {"One - two ... three", "one two|three", "One two|three|"},
        {" -- ... ", "one two|three", "||"},
        {"To be, or not to be.", "two be or|not be", "To be, or|not to be.|"},
        {"a b c d e f", "a b x|y e f", "a b c|d e f|"},
        {"a b c d e f", "a b|e f", "a b c d|e f|"},
        {"a b c d", "x y a b|c d", "a b|c d|"},
        {"a b c d", "a b|u v w|c d", "a b||c d|"},
        {"x a b", "a|b", "x a|b|"},
        {"a b x", "a|b", "a|b x|"},
        {"a b", "|a b", "|a b|"},
        {"a b", "", ""},
        {"a b", " | ", "||"},
        {"", "a|b", "||"},
        {"don\xe2\x80\x99t go", "don't|go", "don\xe2\x80\x99t|go|"},
        {"p q r s", "a b|c d", "p q|r s|"},
    };
    for (const auto& [text, heard, expected] : cases)
        EXPECT_EQ(told(text, heard), expected) << text;
}

TEST(MatchText, KeepsEveryWordOnceAndInOrder) {
    std::mt19937 random(3);
    for (int n = 0; n < 300; ++n) {
        std::string text;
        std::vector<std::vector<std::string>> heard(1 + random() % 4);
        for (auto words = random() % 30; words > 0; --words) {
            const std::string word(1, static_cast<char>('a' + random() % 5));
            text += (text.empty() ? "" : " ") + word;
            if (random() % 4) heard[random() % heard.size()].push_back(word);
        }
        heard[0].emplace_back("a");
        std::string joined;
        for (const auto& piece : match_text(text, heard))
            if (!piece.empty()) joined += (joined.empty() ? "" : " ") + piece;
        EXPECT_EQ(joined, text);
    }
}

TEST(MatchText, SpreadsWordsEvenly) {
    const auto utterance = spread_words("one two  three", Millis(100), Millis(400));
    EXPECT_EQ(utterance.text, "one two three");
    ASSERT_EQ(utterance.words.size(), 3u);
    EXPECT_EQ(utterance.words[1], (proto::Word{"two", Millis(200), Millis(300), 0}));
    EXPECT_EQ(utterance.words[2].end, Millis(400));
    EXPECT_TRUE(spread_words(" ", Millis(0), Millis(1)).words.empty());
    EXPECT_EQ(count_words(" one\ttwo\n"), 2u);
}

}  // namespace
}  // namespace tutti::policy
