// SPDX-License-Identifier: Apache-2.0
#include "dialect/base64.h"

#include <array>
#include <cstdint>

namespace tutti::dialect {
namespace {

// Six-bit value of every byte; above 63 for bytes outside the alphabet.
constexpr auto kValues = [] {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::array<std::uint8_t, 256> values;
    values.fill(0xff);
    for (std::size_t i = 0; i < alphabet.size(); ++i)
        values[static_cast<unsigned char>(alphabet[i])] = static_cast<std::uint8_t>(i);
    return values;
}();

std::size_t padding_of(std::string_view text) {
    if (text.ends_with("==")) return 2;
    return text.ends_with('=') ? 1 : 0;
}

}  // namespace

std::optional<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    const auto digits = text.substr(0, text.size() - padding_of(text));
    std::string out;
    out.reserve(text.size() / 4 * 3);
    std::uint32_t bits = 0;
    int bit_count = 0;
    for (char c : digits) {
        const auto value = kValues[static_cast<unsigned char>(c)];
        if (value > 63) return std::nullopt;
        bits = (bits << 6) | value;
        bit_count += 6;
        if (bit_count < 8) continue;
        bit_count -= 8;
        out += static_cast<char>((bits >> bit_count) & 0xff);
    }
    return out;
}

}  // namespace tutti::dialect
