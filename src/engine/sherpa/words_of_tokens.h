// SPDX-License-Identifier: Apache-2.0
// From a model's tokens to words with times. Pure.
//
//   words_of_tokens(tokens, TokenStyle::pieces, length)
//
// 1. `pieces`: a token that starts with '▁' or a space begins a word, others continue it
//    (SentencePiece, Whisper). `words`: each token is a word, unless the one before ends with "@@".
// 2. Each ideograph and kana is a word of its own, in both styles.
// 3. Tokens in angle brackets ("<|en|>", "<unk>") are no speech. "<0xE4>" is one byte of a
//    character that the tokens around it complete.
// 4. Words are lower case where that is ASCII, without punctuation at their ends; what is
//    punctuation alone is no word.
#pragma once

#include "proto/transcript.h"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::engine::sherpa {

enum class TokenStyle { pieces, words };

struct Token {
    std::string text;
    proto::Millis start{};                  // in the utterance; negative in audio carried over
    std::optional<proto::Millis> duration;  // when the model tells
    std::optional<float> log_probability;
};

// Words never end after `length` unless they begin there; one whose tokens have no probability has
// confidence 0.
std::vector<proto::Word> words_of_tokens(std::span<const Token> tokens, TokenStyle style,
                                         proto::Millis length);

// What the tokens say, in the model's own spelling and punctuation.
std::string text_of_tokens(std::span<const Token> tokens, TokenStyle style);

// Appends what follows in the same speech: after a space, unless one of the two has ideographs
// there.
void append_text(std::string& text, std::string_view more);

// Index of the token that the last word begins with; the count of the tokens when there is none.
std::size_t begin_of_last_word(std::span<const Token> tokens, TokenStyle style);

// "zh" of what the library tells, "zh" or "<|zh|>"; empty of what is no language ("nospeech").
std::string language_code(std::string_view told);

// Without the bytes that are no UTF-8: half a character, as byte tokens leave it in partials.
std::string clean_utf8(std::string_view text);

}  // namespace tutti::engine::sherpa
