// SPDX-License-Identifier: Apache-2.0
// How a transcript's words stand in its text: punctuation put into it, and utterances cut anew at
// what it says. Pure.
//
//   if (take_marks(utterances, marked)) ...      // what a punctuation model answered
//   show_words(utterances);                      // "hello" is written "Hello,"
//   utterances = split_sentences(utterances);    // or split_speakers
//
// Texts are matched with words by their letters, ASCII in any case. Where that fails (a model that
// writes "20" and says "twenty") an utterance is left in one piece and its words unshown.
#pragma once

#include "proto/transcript.h"

#include <optional>
#include <string_view>
#include <vector>

namespace tutti::policy {

using Utterances = std::vector<proto::Utterance>;

struct TextRange {
    std::size_t begin = 0;
    std::size_t end = 0;
    bool operator==(const TextRange&) const = default;
};

// Where each word is in the text, with the marks around it, the first with what comes before it;
// white space between words is in none. nullopt when they are not found one after the other, or
// letters are left over.
std::optional<std::vector<TextRange>> find_words(std::string_view text,
                                                 const std::vector<proto::Word>& words);

// Takes over the marks of `marked`, which is the texts of the utterances that have any, joined by
// single spaces, with marks added. False, and nothing is changed, when it is anything else.
bool take_marks(Utterances& utterances, std::string_view marked);

// Fills in Word::shown.
void show_words(Utterances& utterances);

// What ends in a mark, a comma too, becomes an utterance of its own, across the borders there were;
// a speaker is who has most of it.
Utterances split_sentences(const Utterances& utterances);

// Cuts utterances where the speaker of their words changes.
Utterances split_speakers(const Utterances& utterances);

}  // namespace tutti::policy
