// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/hotwords.h"

#include <algorithm>

namespace tutti::engine::sherpa {
namespace {

bool is_letter(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

// A text becomes phrases at its punctuation; inside words only apostrophes and hyphens stay.
std::vector<std::string> phrases_of(const std::string& text) {
    std::vector<std::string> phrases{""};
    for (const char c : text) {
        const bool is_ascii = static_cast<unsigned char>(c) < 0x80;
        if (!is_ascii || is_letter(c) || (c >= '0' && c <= '9') || c == '\'' || c == '-')
            phrases.back() += c;
        else if (c == ',' || c == '.' || c == ';' || c == '?' || c == '!')
            phrases.emplace_back();
        else if (!phrases.back().ends_with(' ') && !phrases.back().empty())
            phrases.back() += ' ';
    }
    for (auto& phrase : phrases)
        while (phrase.ends_with(' ')) phrase.pop_back();
    std::erase(phrases, "");
    return phrases;
}

// As the library cuts it: words of letters whole, all else character by character.
bool can_spell(const std::set<std::string>& symbols, const std::string& phrase) {
    for (std::size_t at = 0; at < phrase.size();) {
        auto end = at + 1;
        if (phrase[at] == ' ') {
            at = end;
            continue;
        }
        if (is_letter(phrase[at]))
            while (end < phrase.size() && (is_letter(phrase[end]) || phrase[end] == '\'')) ++end;
        else
            while (end < phrase.size() && static_cast<unsigned char>(phrase[end]) >> 6 == 2) ++end;
        if (!symbols.contains(phrase.substr(at, end - at))) return false;
        at = end;
    }
    return true;
}

}  // namespace

std::string encode_hotwords(const ModelPlan& plan, std::span<const std::string> words) {
    std::string encoded;
    if (!plan.takes_hotwords) return encoded;
    for (const auto& text : words)
        for (auto& phrase : phrases_of(text)) {
            if (plan.is_lower_case)
                for (auto& c : phrase)
                    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
            if (!plan.symbols.empty() && !can_spell(plan.symbols, phrase)) continue;
            encoded += (encoded.empty() ? "" : "/") + phrase;
        }
    return encoded;
}

}  // namespace tutti::engine::sherpa
