// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/marks.h"

#include <algorithm>
#include <array>

namespace tutti::engine::sherpa {
namespace {

// What the library writes, and the same among other letters.
constexpr std::array<std::pair<std::string_view, std::string_view>, 4> kMarks = {
    {{"，", ","}, {"。", "."}, {"？", "?"}, {"、", ","}}};
constexpr std::string_view kOtherMarks[] = {"！", "；", "：", "…"};
constexpr std::string_view kAsciiMarks = ".,?!;:";

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

bool is_ascii(char c) {
    return static_cast<unsigned char>(c) < 0x80;
}

// Bytes of the character that begins `text`, which is UTF-8 and not empty.
std::size_t length_of_first(std::string_view text) {
    std::size_t n = 1;
    while (n < text.size() && (static_cast<unsigned char>(text[n]) & 0xC0) == 0x80) ++n;
    return n;
}

std::string_view mark_at(std::string_view text) {
    for (const auto& [sign, ascii] : kMarks)
        if (text.starts_with(sign)) return sign;
    return {};
}

bool begins_with_mark(std::string_view text) {
    return !text.empty() &&
           (kAsciiMarks.find(text[0]) != kAsciiMarks.npos || !mark_at(text).empty() ||
            std::ranges::any_of(kOtherMarks,
                                [&](std::string_view other) { return text.starts_with(other); }));
}

std::string_view without_spaces(std::string_view text) {
    while (!text.empty() && is_space(text[0])) text.remove_prefix(1);
    return text;
}

std::string_view last_character(std::string_view text) {
    auto at = text.size();
    while (at > 0 && (static_cast<unsigned char>(text[--at]) & 0xC0) == 0x80) {
    }
    return text.substr(at);
}

// CJK and what comes behind it is three bytes or more from U+2E80 on.
bool is_wide(std::string_view character) {
    return character.size() >= 3 && character >= std::string_view("\xE2\xBA\x80");
}

bool ends_sentence(const Mark& mark) {
    return mark.sign == "。" || mark.sign == "？";
}

}  // namespace

std::optional<std::vector<Mark>> find_marks(std::string_view text, std::string_view marked) {
    std::vector<Mark> marks;
    std::size_t at = 0;
    for (;;) {
        marked = without_spaces(marked);
        const auto rest = without_spaces(text.substr(at));
        if (marked.empty()) return rest.empty() ? std::optional(std::move(marks)) : std::nullopt;
        const auto length = length_of_first(marked);
        if (!rest.empty() && rest.starts_with(marked.substr(0, length))) {
            at = text.size() - rest.size() + length;
        } else if (const auto sign = mark_at(marked); !sign.empty()) {
            if (at > 0 && (marks.empty() || marks.back().offset != at)) marks.push_back({at, sign});
        } else {
            return std::nullopt;
        }
        marked.remove_prefix(length);
    }
}

MarkedText::MarkedText(std::string text) : text_(std::move(text)) {
    find_piece();
}

std::string MarkedText::piece() const {
    return text_.substr(taken_, piece_end_ - taken_);
}

void MarkedText::find_piece() {
    std::size_t tokens = 0;
    piece_end_ = taken_;
    while (piece_end_ < text_.size()) {
        if (is_space(text_[piece_end_])) {
            ++piece_end_;
            continue;
        }
        if (++tokens > kMostTokens) return;
        if (!is_ascii(text_[piece_end_])) {
            piece_end_ += length_of_first(std::string_view(text_).substr(piece_end_));
            continue;
        }
        while (piece_end_ < text_.size() && is_ascii(text_[piece_end_]) &&
               !is_space(text_[piece_end_]))
            ++piece_end_;
    }
}

void MarkedText::on_marked(std::string_view marked) {
    const auto text = std::string_view(text_).substr(taken_, piece_end_ - taken_);
    auto found = find_marks(text, marked);
    auto marks = found ? std::move(*found) : std::vector<Mark>();
    auto end = text.size();
    if (piece_end_ < text_.size()) {
        // Its last mark may be no more than the library's end of a text.
        const auto words_end = text.find_last_not_of(" \t\n\v\f\r") + 1;
        std::erase_if(marks, [&](const Mark& mark) { return mark.offset >= words_end; });
        auto last = std::ranges::find_if(marks.rbegin(), marks.rend(), ends_sentence);
        if (last == marks.rend()) last = marks.rbegin();
        if (last != marks.rend()) {
            end = last->offset;
            marks.erase(last.base(), marks.end());
        }
    }
    append(end, marks);
    find_piece();
}

void MarkedText::append(std::size_t end, const std::vector<Mark>& marks) {
    const auto text = std::string_view(text_).substr(taken_);
    std::size_t at = 0;
    for (const auto& mark : marks) {
        marked_ += text.substr(at, mark.offset - at);
        at = mark.offset;
        const auto before = last_character(text.substr(0, at));
        if (begins_with_mark(before) || begins_with_mark(without_spaces(text.substr(at)))) continue;
        const auto known =
            std::ranges::find(kMarks, mark.sign, [](auto& pair) { return pair.first; });
        marked_ += is_wide(before) ? known->first : known->second;
    }
    marked_ += text.substr(at, end - at);
    taken_ += end;
}

}  // namespace tutti::engine::sherpa
