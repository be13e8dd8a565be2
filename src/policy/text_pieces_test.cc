// SPDX-License-Identifier: Apache-2.0
#include "policy/text_pieces.h"

#include <gtest/gtest.h>

#include <string>

namespace tutti::policy {
namespace {

using Pieces = std::vector<std::string_view>;

TEST(TextPieces, AreCutAtTheBestPlaceThereIs) {
    struct Case {
        const char* what;
        std::string_view text;
        Pieces pieces;
    };
    const Case cases[] = {
        {"nothing", "", {}},
        {"short enough", "one two.", {"one two."}},
        {"behind a sentence", "one. two three four", {"one. ", "two three ", "four"}},
        {"behind a line", "one two\nthree four", {"one two\n", "three four"}},
        {"a sentence end too early", "a. bcd efghij", {"a. bcd ", "efghij"}},
        {"behind a word", "one two three", {"one two ", "three"}},
        {"nowhere", "abcdefghijklmno", {"abcdefghij", "klmno"}},
        {"between characters", "今天天气好", {"今天天", "气好"}},
        {"behind a Chinese comma", "好天，今天", {"好天，", "今天"}},
    };
    for (const auto& one : cases) EXPECT_EQ(cut_text(one.text, 10), one.pieces) << one.what;
}

TEST(TextPieces, HoldAllOfTheText) {
    std::string text;
    for (int i = 0; i < 500; ++i) text += i % 7 == 0 ? "今，" : i % 5 == 0 ? "x. " : "é";
    for (const std::size_t limit : {8u, 9u, 11u, 64u}) {
        std::string all;
        for (const auto piece : cut_text(text, limit)) {
            EXPECT_LE(piece.size(), limit);
            EXPECT_FALSE(piece.empty());
            EXPECT_NE(static_cast<unsigned char>(piece[0]) & 0xC0, 0x80) << "half a character";
            all += piece;
        }
        EXPECT_EQ(all, text);
    }
}

}  // namespace
}  // namespace tutti::policy
