// SPDX-License-Identifier: Apache-2.0
// Puts punctuation into texts of any length by means of a library that takes short ones. Pure.
//
//   MarkedText work(text);
//   while (!work.is_done()) work.on_marked(library(work.piece()));
//   work.text()
//
// 1. text() is the text given with marks added, whatever the library does to spaces or to the
// words;
//    a piece in which it changed more than that keeps what it had.
// 2. A piece has at most kMostTokens; the next one begins behind the last sentence that is complete
//    in it (else its last comma), since the library ends each text with a full stop.
// 3. Next to an ideograph the marks are those of Chinese, else those of ASCII. Beside a mark that
//    the text has already there is no second one.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::engine::sherpa {

struct Mark {
    std::size_t offset = 0;  // in the text: bytes before it
    std::string_view sign;   // "，" "。" "？" or "、"
    bool operator==(const Mark&) const = default;
};

// The marks that `marked` has more than `text`; nullopt when it differs in more than these and
// white space.
std::optional<std::vector<Mark>> find_marks(std::string_view text, std::string_view marked);

class MarkedText {
  public:
    // The library looks at a text in steps, as long as it finds no end of a sentence: its work
    // grows with the square of this. A run of ASCII is a token, as is each other character.
    static constexpr std::size_t kMostTokens = 200;

    explicit MarkedText(std::string text);

    bool is_done() const { return taken_ == text_.size(); }
    // The text to be marked next.
    std::string piece() const;
    void on_marked(std::string_view marked);
    const std::string& text() const { return marked_; }

  private:
    void find_piece();
    void append(std::size_t end, const std::vector<Mark>& marks);

    const std::string text_;
    std::string marked_;
    std::size_t taken_ = 0;      // of text_, that marked_ has
    std::size_t piece_end_ = 0;  // in text_
};

}  // namespace tutti::engine::sherpa
