// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/marks.h"

#include <gtest/gtest.h>

namespace tutti::engine::sherpa {
namespace {

std::string with_marks(const std::string& text, const std::string& marked) {
    MarkedText work(text);
    EXPECT_EQ(work.piece(), text);
    work.on_marked(marked);
    EXPECT_TRUE(work.is_done());
    return work.text();
}

TEST(Marks, ArePutIntoTheTextAsItWas) {
    struct Case {
        const char *what, *text, *marked, *expected;
    };
    const Case cases[] = {
        {"English gets signs of ASCII", "hello there", "hello，there。", "hello, there."},
        {"Chinese keeps its own", "你好今天好吗", "你好，今天好吗？", "你好，今天好吗？"},
        {"both", "你好 hello 今天", "你好，hello，今天。", "你好， hello, 今天。"},
        {"letters of other scripts", "привет мир", "приветмир。", "привет мир."},
        {"an enumeration", "a b 一 二", "a、b 一、二。", "a, b 一、 二。"},
        {"marks that are there", "hello, world. you?", "hello，, world . you ? 。",
         "hello, world. you?"},
        {"spaces of all kinds", " a\n\tb  c ", "a b c。", " a\n\tb  c. "},
        {"nothing added", "a b", "a b", "a b"},
        {"two marks in one place", "a b", "a，。b。", "a, b."},
        {"a mark before all", "a", "。a。", "a."},
        {"words lost", "a b c", "a b。", "a b c"},
        {"words changed", "a b c", "a x c。", "a b c"},
        {"words added", "a b", "a b c。", "a b"},
    };
    for (const auto& one : cases)
        EXPECT_EQ(with_marks(one.text, one.marked), one.expected) << one.what;
}

TEST(Marks, AnEmptyTextIsDone) {
    EXPECT_TRUE(MarkedText("").is_done());
}

std::string words(int count, const std::string& last = {}) {
    std::string out;
    for (int i = 0; i < count; ++i) out += (i ? " w" : "w") + std::to_string(i);
    return out + last;
}

TEST(Marks, ALongTextGoesOnBehindItsLastSentence) {
    const auto first = words(150), second = words(100);
    MarkedText work(first + " " + second);
    const auto piece = work.piece();
    EXPECT_EQ(piece, first + " " + words(50) + " ");
    work.on_marked(first + "。" + words(50) + "。");
    EXPECT_EQ(work.text(), first + ".");
    EXPECT_EQ(work.piece(), " " + second);
    work.on_marked(second + "。");
    EXPECT_EQ(work.text(), first + ". " + second + ".");
}

TEST(Marks, WithoutASentenceItGoesOnBehindAComma) {
    MarkedText work(words(250));
    work.on_marked("w0，" + words(200).substr(3) + "。");
    EXPECT_EQ(work.text(), "w0,");
    EXPECT_EQ(work.piece().substr(0, 4), " w1 ");
}

TEST(Marks, WithoutAnyMarkItGoesOnBehindThePiece) {
    const auto text = words(1000);
    MarkedText work(text);
    int pieces = 0;
    for (; !work.is_done(); ++pieces) work.on_marked(work.piece() + "。");
    EXPECT_EQ(pieces, 5);
    EXPECT_EQ(work.text(), text + ".") << "no full stop where the library only saw an end";
}

TEST(Marks, EveryIdeographCounts) {
    std::string text;
    for (int i = 0; i < 250; ++i) text += "天";
    MarkedText work(text);
    EXPECT_EQ(work.piece().size(), 200 * std::string("天").size());
}

}  // namespace
}  // namespace tutti::engine::sherpa
