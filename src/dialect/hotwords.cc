// SPDX-License-Identifier: Apache-2.0
#include "dialect/hotwords.h"

#include "proto/engine_messages.h"

#include <fmt/format.h>

#include <algorithm>

namespace tutti::dialect {
namespace {

using Words = std::vector<std::string>;

constexpr std::size_t kMaxPrompt = proto::kMaxHotwordBytes / 2;

void add(Words& words, std::string_view text) {
    std::string word(text);
    for (auto& c : word)
        if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
    const auto begin = word.find_first_not_of(' ');
    if (begin == word.npos) return;
    word = word.substr(begin, word.find_last_not_of(' ') + 1 - begin);
    if (std::ranges::find(words, word) == words.end()) words.push_back(std::move(word));
}

Parsed<Words> bounded(Words words, std::string_view name) {
    if (proto::fits_hotwords(words)) return words;
    return bad_value(name, words.back(),
                     fmt::format("at most {} words and phrases, of {} bytes together",
                                 proto::kMaxHotwords, proto::kMaxHotwordBytes));
}

// "word" of "word:1.5".
std::string_view without_intensity(std::string_view keyword) {
    const auto colon = keyword.rfind(':');
    if (colon == keyword.npos) return keyword;
    const auto intensity = keyword.substr(colon + 1);
    const bool is_number =
        !intensity.empty() && intensity.find_first_not_of("0123456789.-") == intensity.npos;
    return is_number ? keyword.substr(0, colon) : keyword;
}

std::string_view end_of(std::string_view text, std::size_t most) {
    if (text.size() <= most) return text;
    text.remove_prefix(text.size() - most);
    // Not from within a character.
    while (!text.empty() && static_cast<unsigned char>(text.front()) >> 6 == 2)
        text.remove_prefix(1);
    return text;
}

}  // namespace

Parsed<Words> deepgram_hotwords(const Fields& query) {
    Words words;
    for (const auto term : query.find_all("keyterm")) add(words, term);
    const auto name = words.empty() ? "keywords" : "keyterm";
    for (const auto keyword : query.find_all("keywords")) add(words, without_intensity(keyword));
    return bounded(std::move(words), name);
}

Parsed<Words> openai_hotwords(const Fields& form) {
    Words words;
    for (const auto keyword : form.find_all("keywords")) add(words, keyword);
    if (const auto prompt = form.find("prompt")) add(words, end_of(*prompt, kMaxPrompt));
    return bounded(std::move(words), "keywords");
}

Parsed<Words> whoasr_hotwords(const Fields& form) {
    constexpr auto kSeparators = " ;\t\r\n";
    Words words;
    auto rest = form.find("hotword").value_or("");
    while (!rest.empty()) {
        const auto end = std::min(rest.find_first_of(kSeparators), rest.size());
        add(words, rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    return bounded(std::move(words), "hotword");
}

}  // namespace tutti::dialect
