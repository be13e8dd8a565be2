// SPDX-License-Identifier: Apache-2.0
// Which part of a known text was spoken in which stretch of audio, by what a recogniser heard
// there. Pure.
//
//   match_text("To be, or not to be.", {{"two", "be", "or"}, {"not", "be"}})
//     -> {"To be, or", "not to be."}
//
// 1. The pieces are in the text's order and have all of its words (what stands between white
//    space and has a letter or digit), each once; one is empty where nothing of the text was heard.
// 2. Words are compared by their letters and digits alone. The pieces are those of the least
//    number of words misheard, left out or heard in excess. A word that was not heard at all joins
//    the one before it.
//
// Takes time and memory for words of the text x words heard: one byte and a few nanoseconds each.
#pragma once

#include "proto/transcript.h"

#include <string>
#include <string_view>
#include <vector>

namespace tutti::policy {

std::vector<std::string> match_text(std::string_view text,
                                    const std::vector<std::vector<std::string>>& heard);

std::size_t count_words(std::string_view text);

// The words of a piece that could not be found in its stretch: evenly spread, of no confidence.
proto::Utterance spread_words(std::string_view piece, proto::Millis start, proto::Millis end);

}  // namespace tutti::policy
