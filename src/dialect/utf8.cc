// SPDX-License-Identifier: Apache-2.0
#include "dialect/utf8.h"

#include <algorithm>

namespace tutti::dialect {
namespace {

bool is_continuation(char c) {
    return (static_cast<unsigned char>(c) & 0xc0) == 0x80;
}

std::size_t declared_length(unsigned char lead) {
    if (lead < 0x80) return 1;
    if (lead >= 0xc2 && lead <= 0xdf) return 2;
    if (lead >= 0xe0 && lead <= 0xef) return 3;
    if (lead >= 0xf0 && lead <= 0xf4) return 4;
    return 0;
}

// Length of the valid sequence `text` (not empty) begins with; 0 when it begins with none.
// The second byte's range excludes overlong forms, surrogates and values above U+10FFFF.
std::size_t sequence_length(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const auto length = declared_length(lead);
    if (length <= 1) return length;
    if (text.size() < length) return 0;
    const auto second = static_cast<unsigned char>(text[1]);
    const unsigned least = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
    const unsigned most = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
    if (second < least || second > most) return 0;
    return std::ranges::all_of(text.substr(2, length - 2), is_continuation) ? length : 0;
}

}  // namespace

std::string to_valid_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        const auto length = sequence_length(text);
        out += length == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(0, length);
        text.remove_prefix(std::max<std::size_t>(length, 1));
    }
    return out;
}

std::string_view utf8_prefix(std::string_view text, std::size_t byte_limit) {
    if (text.size() <= byte_limit) return text;
    while (byte_limit > 0 && is_continuation(text[byte_limit])) --byte_limit;
    return text.substr(0, byte_limit);
}

std::size_t character_count(std::string_view text) {
    return static_cast<std::size_t>(
        std::ranges::count_if(text, [](char c) { return !is_continuation(c); }));
}

}  // namespace tutti::dialect
