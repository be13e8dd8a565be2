// SPDX-License-Identifier: Apache-2.0
#include "policy/written_words.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <span>
#include <string>

namespace tutti::policy {
namespace {

using proto::Millis;
using proto::Utterance;
using proto::Word;

constexpr std::string_view kMarks[] = {",",  ".",  "?",  "!",  ";",  ":",  "，",
                                       "。", "？", "！", "；", "：", "、", "…"};
// Besides ASCII; letters they are none.
constexpr std::string_view kSigns[] = {"，", "。", "？", "！", "；", "：", "、", "…",  "“",
                                       "”",  "‘",  "’",  "«",  "»",  "—",  "–",  "¿",  "¡",
                                       "「", "」", "『", "』", "（", "）", "《", "》", "·"};

bool is_space(char c) {
    return c == ' ' || (c >= '\t' && c <= '\r');
}

char lowered(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

bool begins_with(std::string_view text, std::string_view word) {
    return text.size() >= word.size() &&
           std::ranges::equal(text.substr(0, word.size()), word, {}, lowered, lowered);
}

// Bytes of a sign or white space that begins the text; 0 when it begins with a letter or digit.
std::size_t length_of_sign(std::string_view text) {
    const auto c = lowered(text[0]);
    if (static_cast<unsigned char>(c) < 0x80)
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ? 0 : 1;
    const auto* sign = std::ranges::find_if(kSigns, [&](auto s) { return text.starts_with(s); });
    return sign == std::end(kSigns) ? 0 : sign->size();
}

std::size_t length_of_mark(std::string_view text) {
    const auto* mark = std::ranges::find_if(kMarks, [&](auto m) { return text.starts_with(m); });
    return mark == std::end(kMarks) ? 0 : mark->size();
}

bool ends_in_mark(std::string_view text) {
    return std::ranges::any_of(kMarks, [&](auto mark) { return text.ends_with(mark); });
}

// Behind the white space at `at`.
std::size_t skip_spaces(std::string_view text, std::size_t at) {
    while (at < text.size() && is_space(text[at])) ++at;
    return at;
}

// Before the white space that ends at `at`.
std::size_t trim_spaces(std::string_view text, std::size_t at) {
    while (at > 0 && is_space(text[at - 1])) --at;
    return at;
}

// Moves `at` to where the text goes on with the word, or to its end when that is empty; false when
// letters come first.
bool skip_signs(std::string_view text, std::size_t& at, std::string_view word) {
    while (word.empty() ? at < text.size() : !begins_with(text.substr(at), word)) {
        const auto length = at < text.size() ? length_of_sign(text.substr(at)) : 0;
        if (length == 0) return false;
        at += length;
    }
    return true;
}

// A word, or an utterance whose words cannot be told apart in its text.
struct Unit {
    std::string_view text;
    bool is_spaced;  // from the one before
    std::vector<Word> words;
    const Utterance* of;

    Millis start() const { return words.empty() ? of->start : words.front().start; }
    Millis end() const { return words.empty() ? of->end : words.back().end; }
    std::int32_t speaker() const { return words.size() == 1 ? words[0].speaker : of->speaker; }
};

void append_units(std::vector<Unit>& units, const Utterance& utterance) {
    const auto ranges = find_words(utterance.text, utterance.words);
    if (!ranges || ranges->empty()) {
        units.push_back({utterance.text, true, utterance.words, &utterance});
        return;
    }
    for (std::size_t i = 0; i < ranges->size(); ++i) {
        const auto [begin, end] = (*ranges)[i];
        const bool is_spaced = i == 0 || (*ranges)[i - 1].end < begin;
        units.push_back({std::string_view(utterance.text).substr(begin, end - begin),
                         is_spaced,
                         {utterance.words[i]},
                         &utterance});
    }
}

// REQUIRES: not empty.
Utterance join(std::span<const Unit> units) {
    Utterance joined;
    joined.start = units.front().start();
    joined.end = units.back().end();
    std::map<std::int32_t, Millis> shares;
    for (const auto& unit : units) {
        if (!joined.text.empty() && unit.is_spaced) joined.text += ' ';
        joined.text += unit.text;
        joined.words.insert(joined.words.end(), unit.words.begin(), unit.words.end());
        // A word without a length counts, too.
        shares[unit.speaker()] += unit.end() - unit.start() + Millis(1);
    }
    joined.speaker =
        std::ranges::max_element(shares, {}, [](auto& share) { return share.second; })->first;
    for (const auto& word : joined.words)
        joined.confidence += word.confidence / static_cast<float>(joined.words.size());
    return joined;
}

// Cuts where `is_border` says so of two neighbours.
Utterances regroup(const std::vector<Unit>& units, auto is_border) {
    Utterances groups;
    const std::span all(units);
    for (std::size_t begin = 0, end = 1; begin < all.size(); begin = end++) {
        while (end < all.size() && !is_border(all[end - 1], all[end])) ++end;
        groups.push_back(join(all.subspan(begin, end - begin)));
    }
    return groups;
}

std::string_view character_at(std::string_view text, std::size_t at) {
    std::size_t end = at + 1;
    while (end < text.size() && (text[end] & 0xC0) == 0x80) ++end;
    return text.substr(at, end - at);
}

// The part of `marked` from `at` on that is `text` and marks, which may follow it; npos if it is
// something else.
std::size_t end_of_marked(std::string_view marked, std::size_t at, std::string_view text) {
    for (std::size_t from = 0; from < text.size();) {
        // Whole characters: marks and letters of East Asia begin with the same bytes.
        const auto character = character_at(text, from);
        while (!marked.substr(at).starts_with(character)) {
            const auto length = length_of_mark(marked.substr(at));
            if (length == 0) return marked.npos;
            at += length;
        }
        at += character.size();
        from += character.size();
    }
    while (at < marked.size()) {
        const auto length = length_of_mark(marked.substr(at));
        if (length == 0) break;
        at += length;
    }
    return at;
}

}  // namespace

std::optional<std::vector<TextRange>> find_words(std::string_view text,
                                                 const std::vector<Word>& words) {
    std::vector<TextRange> ranges;
    std::size_t at = 0;
    for (const auto& word : words) {
        if (word.text.empty() || is_space(word.text.front()) || is_space(word.text.back()) ||
            !skip_signs(text, at, word.text))
            return std::nullopt;
        ranges.push_back({at, at + word.text.size()});
        at += word.text.size();
    }
    if (ranges.empty()) return ranges;
    if (!skip_signs(text, at, {})) return std::nullopt;
    ranges.front().begin = skip_spaces(text, 0);
    ranges.back().end = trim_spaces(text, text.size());
    for (std::size_t i = 0; i + 1 < ranges.size(); ++i) {
        // Up to the last white space signs belong to the word before; without any, all do.
        auto& next = ranges[i + 1].begin;
        auto border = next;
        while (border > ranges[i].end && !is_space(text[border - 1])) --border;
        if (border > ranges[i].end) next = border;
        ranges[i].end = trim_spaces(text, next);
    }
    return ranges;
}

bool take_marks(Utterances& utterances, std::string_view marked) {
    std::vector<std::pair<Utterance*, std::string_view>> texts;
    std::size_t at = 0;
    for (auto& utterance : utterances) {
        if (utterance.text.empty()) continue;
        if (!texts.empty() && (at >= marked.size() || marked[at++] != ' ')) return false;
        const auto end = end_of_marked(marked, at, utterance.text);
        if (end == marked.npos) return false;
        texts.emplace_back(&utterance, marked.substr(at, end - at));
        at = end;
    }
    if (at != marked.size()) return false;
    for (auto& [utterance, text] : texts) utterance->text = text;
    return true;
}

void show_words(Utterances& utterances) {
    for (auto& utterance : utterances) {
        const auto ranges = find_words(utterance.text, utterance.words);
        if (!ranges) continue;
        for (std::size_t i = 0; i < ranges->size(); ++i) {
            const auto [begin, end] = (*ranges)[i];
            utterance.words[i].shown = utterance.text.substr(begin, end - begin);
        }
    }
}

Utterances split_sentences(const Utterances& utterances) {
    std::vector<Unit> units;
    for (const auto& utterance : utterances)
        if (!utterance.text.empty()) append_units(units, utterance);
    return regroup(units,
                   [](const Unit& before, const Unit&) { return ends_in_mark(before.text); });
}

Utterances split_speakers(const Utterances& utterances) {
    Utterances out;
    for (const auto& utterance : utterances) {
        std::vector<Unit> units;
        if (!utterance.text.empty()) append_units(units, utterance);
        auto parts = regroup(units, [](const Unit& before, const Unit& unit) {
            return before.speaker() != unit.speaker();
        });
        if (parts.size() < 2) {
            parts = {utterance};
            if (!units.empty()) parts[0].speaker = units[0].speaker();
        }
        std::ranges::move(parts, std::back_inserter(out));
    }
    return out;
}

}  // namespace tutti::policy
