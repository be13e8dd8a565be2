// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/words_of_tokens.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace tutti::engine::sherpa {
namespace {

using proto::Millis;

constexpr std::string_view kMark = "▁";
constexpr std::string_view kJoin = "@@";
// How long the last token of a word sounds when neither the model nor the next token says.
constexpr Millis kTokenLength{200};
constexpr Millis kShortest{10};

struct CodePoint {
    char32_t value = 0;
    std::size_t size = 1;  // in bytes
    bool is_valid = true;
};

bool is_between(char32_t value, char32_t first, char32_t last) {
    return value >= first && value <= last;
}

// Bytes that are no UTF-8 stand for themselves.
CodePoint first_of(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    if (lead < 0x80) return {lead, 1};
    const CodePoint none{lead, 1, false};
    const std::size_t size = lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : lead >> 3 == 30 ? 4 : 0;
    if (size == 0 || text.size() < size) return none;
    char32_t value = lead & (0xFFu >> (size + 1));
    for (std::size_t i = 1; i < size; ++i) {
        const auto next = static_cast<unsigned char>(text[i]);
        if (next >> 6 != 2) return none;
        value = value << 6 | (next & 0x3Fu);
    }
    constexpr char32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (value < kLeast[size] || value > 0x10FFFF || is_between(value, 0xD800, 0xDFFF)) return none;
    return {value, size};
}

bool is_ideograph(char32_t c) {
    return is_between(c, 0x3400, 0x4DBF) || is_between(c, 0x4E00, 0x9FFF) ||
           is_between(c, 0xF900, 0xFAFF) || is_between(c, 0x20000, 0x3134F) ||
           is_between(c, 0x3041, 0x3096) || is_between(c, 0x30A1, 0x30FA) || c == 0x3005 ||
           c == 0x30FC;
}

bool is_punctuation(char32_t c) {
    if (c < 0x80)
        return !is_between(c, '0', '9') && !is_between(c, 'a', 'z') && !is_between(c, 'A', 'Z');
    return is_between(c, 0xA0, 0xBF) || is_between(c, 0x2000, 0x206F) ||
           is_between(c, 0x3000, 0x3004) || is_between(c, 0x3008, 0x301F) || c == 0x30FB ||
           is_between(c, 0xFF01, 0xFF0F) || is_between(c, 0xFF1A, 0xFF20) ||
           is_between(c, 0xFF3B, 0xFF40) || is_between(c, 0xFF5B, 0xFF65);
}

bool is_all_punctuation(std::string_view text) {
    while (!text.empty()) {
        const auto point = first_of(text);
        if (!point.is_valid || !is_punctuation(point.value)) return false;
        text.remove_prefix(point.size);
    }
    return true;
}

// "<0xE4>" is the byte E4.
std::optional<char> byte_of(std::string_view token) {
    if (token.size() != 6 || !token.starts_with("<0x") || token.back() != '>') return std::nullopt;
    unsigned value = 0;
    const auto [end, error] = std::from_chars(token.data() + 3, token.data() + 5, value, 16);
    if (error != std::errc() || end != token.data() + 5) return std::nullopt;
    return static_cast<char>(value);
}

bool is_special(std::string_view token) {
    return token.size() > 2 && token.front() == '<' && token.back() == '>';
}

// One word in the making, or the like of it that is punctuation.
struct Piece {
    std::string text;
    bool has_space = false;  // before it
    std::size_t first_token = 0;
    Millis start{}, end{};
    float log_probability = 0;
    int probabilities = 0;
    bool is_open = true;  // the next token may continue it
};

// A token's end: by its own duration, else by the token that follows it, if that is soon.
Millis end_of(std::span<const Token> tokens, std::size_t i) {
    const auto& token = tokens[i];
    if (token.duration) return token.start + std::max(*token.duration, kShortest);
    auto end = token.start + kTokenLength;
    if (i + 1 < tokens.size()) end = std::min(end, tokens[i + 1].start);
    return std::max(end, token.start + kShortest);
}

class Joiner {
  public:
    explicit Joiner(TokenStyle style) : style_(style) {}

    std::vector<Piece> join(std::span<const Token> tokens) {
        for (std::size_t i = 0; i < tokens.size(); ++i) add(tokens[i], i, end_of(tokens, i));
        return std::move(pieces_);
    }

  private:
    void add(const Token& token, std::size_t index, Millis end) {
        std::string_view text = token.text;
        std::array<char, 1> byte;
        if (const auto value = byte_of(text)) {
            byte[0] = *value;
            text = {byte.data(), 1};
            extend_or_begin(text, token, index, end);
            return;
        }
        if (is_special(text)) return;
        bool begins = style_ == TokenStyle::words && !joins_next_;
        joins_next_ = style_ == TokenStyle::words && text.ends_with(kJoin);
        if (joins_next_) text.remove_suffix(kJoin.size());
        for (;;) {
            if (text.starts_with(kMark))
                text.remove_prefix(kMark.size());
            else if (text.starts_with(' '))
                text.remove_prefix(1);
            else
                break;
            begins = true;
        }
        if (begins) close();
        needs_space_ |= begins;
        add_text(text, token, index, end);
    }

    // Ideographs inside a token share its time evenly.
    void add_text(std::string_view text, const Token& token, std::size_t index, Millis end) {
        const auto whole = text.size();
        while (!text.empty()) {
            std::size_t size = 0;
            while (size < text.size() && !is_ideograph(first_of(text.substr(size)).value))
                size += first_of(text.substr(size)).size;
            const bool is_alone = size == 0;
            if (is_alone) size = first_of(text).size;
            auto part = token;
            const auto at = [&](std::size_t offset) {
                return token.start +
                       (end - token.start) * static_cast<int>(offset) / static_cast<int>(whole);
            };
            part.start = at(whole - text.size());
            const auto part_end = at(whole - text.size() + size);
            if (is_alone) close();
            extend_or_begin(text.substr(0, size), part, index, part_end);
            if (is_alone) close();
            text.remove_prefix(size);
        }
    }

    void extend_or_begin(std::string_view text, const Token& token, std::size_t index, Millis end) {
        if (pieces_.empty() || !pieces_.back().is_open) {
            pieces_.push_back({.has_space = needs_space_ && !pieces_.empty(),
                               .first_token = index,
                               .start = token.start});
            needs_space_ = false;
        }
        auto& piece = pieces_.back();
        if (piece.text.empty() || !is_all_punctuation(text)) piece.end = end;
        piece.text += text;
        if (!token.log_probability) return;
        piece.log_probability += *token.log_probability;
        ++piece.probabilities;
    }

    void close() {
        if (!pieces_.empty()) pieces_.back().is_open = false;
    }

    const TokenStyle style_;
    std::vector<Piece> pieces_;
    bool needs_space_ = false;
    bool joins_next_ = false;
};

// The spelling of a word; empty for punctuation.
std::string spoken(std::string_view text) {
    while (!text.empty() && is_punctuation(first_of(text).value))
        text.remove_prefix(first_of(text).size);
    std::size_t end = 0;
    for (std::size_t at = 0; at < text.size();) {
        const auto point = first_of(text.substr(at));
        at += point.size;
        if (!is_punctuation(point.value)) end = at;
    }
    std::string word(text.substr(0, end));
    for (auto& c : word)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return word;
}

}  // namespace

std::vector<proto::Word> words_of_tokens(std::span<const Token> tokens, TokenStyle style,
                                         Millis length) {
    std::vector<proto::Word> words;
    for (const auto& piece : Joiner(style).join(tokens)) {
        auto text = spoken(piece.text);
        if (text.empty()) continue;
        const auto end = std::max(std::min(piece.end, length), piece.start + kShortest);
        const auto probability =
            piece.probabilities == 0
                ? 0.f
                : std::exp(piece.log_probability / static_cast<float>(piece.probabilities));
        words.push_back({std::move(text), piece.start, end, std::clamp(probability, 0.f, 1.f)});
    }
    return words;
}

std::string text_of_tokens(std::span<const Token> tokens, TokenStyle style) {
    std::string text;
    for (const auto& piece : Joiner(style).join(tokens)) {
        // Between ideographs the style of whole words has no space.
        const bool touches = style == TokenStyle::words && is_ideograph(first_of(piece.text).value);
        if (piece.has_space && !touches) text += ' ';
        text += piece.text;
    }
    return text;
}

void append_text(std::string& text, std::string_view more) {
    auto last = text.size();
    while (last > 0 && static_cast<unsigned char>(text[--last]) >> 6 == 2) {
    }
    const auto needs_none = [](std::string_view at) {
        const auto value = first_of(at).value;
        return is_ideograph(value) || (value >= 0x80 && is_punctuation(value));
    };
    const bool touches = text.empty() || more.empty() ||
                         needs_none(std::string_view(text).substr(last)) || needs_none(more);
    if (!touches) text += ' ';
    text += more;
}

std::size_t begin_of_last_word(std::span<const Token> tokens, TokenStyle style) {
    const auto pieces = Joiner(style).join(tokens);
    for (auto piece = pieces.rbegin(); piece != pieces.rend(); ++piece)
        if (!spoken(piece->text).empty()) return piece->first_token;
    return tokens.size();
}

std::string clean_utf8(std::string_view text) {
    std::string clean;
    while (!text.empty()) {
        const auto point = first_of(text);
        if (point.is_valid) clean += text.substr(0, point.size);
        text.remove_prefix(point.size);
    }
    return clean;
}

std::string language_code(std::string_view told) {
    if (told.starts_with("<|") && told.ends_with("|>")) told = told.substr(2, told.size() - 4);
    const bool is_code = (told.size() == 2 || told.size() == 3) &&
                         std::ranges::all_of(told, [](char c) { return c >= 'a' && c <= 'z'; });
    return std::string(is_code ? told : std::string_view());
}

}  // namespace tutti::engine::sherpa
