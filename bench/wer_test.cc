// SPDX-License-Identifier: Apache-2.0
#include "wer.h"

#include "transcripts.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::bench {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

TEST(WordErrors, WordsAreComparedWithoutCaseAndPunctuation) {
    EXPECT_THAT(normalised_words("Well-known: \"Don't!\"  'tis 3,5 Ünder"),
                ElementsAre("well", "known", "don't", "tis", "3", "5", "Ünder"));
    EXPECT_THAT(normalised_words(" -- ' "), IsEmpty());
}

TEST(WordErrors, EqualTextsHaveNone) {
    EXPECT_EQ(count_word_errors("A b, c.", "a B c"), (WordErrors{0, 0, 0, 3}));
    EXPECT_EQ(count_word_errors("", ""), (WordErrors{}));
}

TEST(WordErrors, EachKindIsCounted) {
    EXPECT_EQ(count_word_errors("a b c", "a x c"), (WordErrors{1, 0, 0, 3}));
    EXPECT_EQ(count_word_errors("a b c", "a c"), (WordErrors{0, 1, 0, 3}));
    EXPECT_EQ(count_word_errors("a b c", "a b b c"), (WordErrors{0, 0, 1, 3}));
    EXPECT_EQ(count_word_errors("a b c d e f", "x b d e f g"), (WordErrors{1, 1, 1, 6}));
    EXPECT_EQ(count_word_errors("a b", ""), (WordErrors{0, 2, 0, 2}));
    EXPECT_EQ(count_word_errors("", "a b"), (WordErrors{0, 0, 2, 0}));
}

TEST(WordErrors, TheRateIsPerReferenceWordAndCanPassOne) {
    EXPECT_DOUBLE_EQ(count_word_errors("a b c d", "a b").rate(), 0.5);
    EXPECT_DOUBLE_EQ(count_word_errors("a", "x y z").rate(), 3);
    auto sum = count_word_errors("a b c d", "a b");
    sum += count_word_errors("e", "e");
    EXPECT_EQ(sum, (WordErrors{0, 2, 0, 5}));
}

TEST(Transcripts, BothFormatsAreReadAndNamesLoseFolderAndEnding) {
    EXPECT_EQ(transcript_line("a/b/clip-1.wav\tit was not"), (NamedText{"clip-1", "it was not"}));
    EXPECT_EQ(transcript_line("<s> it was not </s> (clip-1)"), (NamedText{"clip-1", "it was not"}));
    EXPECT_EQ(transcript_line("it was (not) said (dir/clip.2)"),
              (NamedText{"clip.2", "it was (not) said"}));
    EXPECT_EQ(transcript_line("silent.wav\t"), (NamedText{"silent", ""}));
    EXPECT_EQ(transcript_line("neither of the two"), std::nullopt);
    EXPECT_EQ(transcript_line(""), std::nullopt);
}

}  // namespace
}  // namespace tutti::bench
