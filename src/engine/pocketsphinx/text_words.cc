// SPDX-License-Identifier: Apache-2.0
#include "engine/pocketsphinx/text_words.h"

#include <algorithm>

namespace tutti::engine {
namespace {

constexpr std::string_view kWhite = " \t\r\n\f\v";
constexpr char kSeparator = '-';
constexpr char kOtherMark = '"';
constexpr std::size_t kMostNamed = 20;

// Letters beyond ASCII count as letters: no entry has them, so their words are named as unknown.
bool is_spoken(char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) > 127;
}

// One character at `at`, as ASCII if it is a letter or a mark of punctuation; `at` goes behind it.
char next_plain(std::string_view word, std::size_t& at) {
    static constexpr std::string_view kGeneralPunctuation = "\xe2\x80";
    const char c = word[at++];
    if (c >= 'A' && c <= 'Z') return static_cast<char>(c | 0x20);
    if (c == '/') return kSeparator;
    if (c == '\xc2' && at < word.size()) {
        ++at;
        return word[at - 1] == '\xa0' ? kSeparator : kOtherMark;  // a hard space; « » and the like
    }
    if (word.substr(at - 1, 2) != kGeneralPunctuation || at + 1 >= word.size()) return c;
    at += 2;
    const auto last = static_cast<unsigned char>(word[at - 1]);
    if (last >= 0x90 && last <= 0x95) return kSeparator;  // hyphens and dashes
    return last == 0x98 || last == 0x99 ? '\'' : kOtherMark;
}

std::string plain(std::string_view word) {
    std::string out;
    for (std::size_t at = 0; at < word.size();) out += next_plain(word, at);
    return out;
}

template <class Keep>
std::string_view trimmed(std::string_view word, Keep keep) {
    while (!word.empty() && !keep(word.front())) word.remove_prefix(1);
    while (!word.empty() && !keep(word.back())) word.remove_suffix(1);
    return word;
}

std::vector<std::string_view> split(std::string_view text, std::string_view separators) {
    std::vector<std::string_view> parts;
    while (!text.empty()) {
        const auto end = std::min(text.find_first_of(separators), text.size());
        if (end > 0) parts.push_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

// The entry that `word`, which is plain, stands for, or an empty string.
std::string find_entry(std::string_view word,
                       const std::function<bool(const std::string&)>& is_known) {
    const std::string quoted(trimmed(word, [](char c) { return is_spoken(c) || c == '\''; }));
    const std::string bare(trimmed(word, is_spoken));
    for (const auto& entry : {quoted, bare, bare + '.'})
        if (!entry.empty() && is_known(entry)) return entry;
    return {};
}

std::vector<std::string> find_entries(std::string_view word,
                                      const std::function<bool(const std::string&)>& is_known) {
    if (auto whole = find_entry(word, is_known); !whole.empty()) return {std::move(whole)};
    std::vector<std::string> entries;
    for (const auto part : split(word, {&kSeparator, 1})) {
        if (std::ranges::none_of(part, is_spoken)) continue;
        entries.push_back(find_entry(part, is_known));
        if (entries.back().empty()) return {};
    }
    return entries;
}

}  // namespace

TextReading read_text(std::string_view text,
                      const std::function<bool(const std::string&)>& is_known) {
    TextReading reading;
    for (const auto spelling : split(text, kWhite)) {
        const auto word = plain(spelling);
        if (std::ranges::none_of(word, is_spoken)) continue;
        auto entries = find_entries(word, is_known);
        if (!entries.empty())
            reading.words.push_back({std::string(spelling), std::move(entries)});
        else if (reading.unknown.size() < kMostNamed &&
                 std::ranges::find(reading.unknown, spelling) == reading.unknown.end())
            reading.unknown.emplace_back(spelling);
    }
    return reading;
}

}  // namespace tutti::engine
