// SPDX-License-Identifier: Apache-2.0
#include "dialect/query.h"

#include "dialect/header_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace tutti::dialect {
namespace {

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool is_visible_ascii(char c) {
    return c > ' ' && c < '\x7f';
}

bool is_tag_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
}

}  // namespace

std::optional<std::string_view> Fields::find(std::string_view name) const {
    const auto all = find_all(name);
    if (all.empty()) return std::nullopt;
    return all.back();
}

std::vector<std::string_view> Fields::find_all(std::string_view name) const {
    std::vector<std::string_view> out;
    for (const auto& [key, value] : items_)
        if (key == name && !value.empty()) out.push_back(value);
    return out;
}

Result<std::string> percent_decode(std::string_view text, PlusSign plus) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '+' && plus == PlusSign::is_space) {
            out += ' ';
        } else if (text[i] != '%') {
            out += text[i];
        } else {
            const int high = i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
            const int low = high < 0 ? -1 : hex_digit(text[i + 2]);
            if (low < 0) return Error(Errc::bad_request, "bad percent escape in the URL");
            out += static_cast<char>(high * 16 + low);
            i += 2;
        }
    }
    return out;
}

Parsed<Fields> parse_query(std::string_view encoded) {
    Fields fields;
    while (!encoded.empty()) {
        const auto end = std::min(encoded.find('&'), encoded.size());
        const auto pair = encoded.substr(0, end);
        encoded.remove_prefix(std::min(end + 1, encoded.size()));
        if (pair.empty()) continue;
        const auto equals = std::min(pair.find('='), pair.size());
        auto name = percent_decode(pair.substr(0, equals), PlusSign::is_space);
        if (!name) return RequestError{name.error(), {}, {}};
        auto value =
            percent_decode(pair.substr(std::min(equals + 1, pair.size())), PlusSign::is_space);
        if (!value) return RequestError{value.error(), *name, {}};
        fields.add(std::move(*name), std::move(*value));
    }
    return fields;
}

Parsed<bool> bool_field(const Fields& fields, std::string_view name, bool fallback) {
    const auto value = fields.find(name);
    if (!value) return fallback;
    if (equals_ignoring_case(*value, "true") || *value == "1") return true;
    if (equals_ignoring_case(*value, "false") || *value == "0") return false;
    return bad_value(name, *value, "must be true or false");
}

Parsed<std::optional<int>> int_field(const Fields& fields, std::string_view name, IntRange range) {
    const auto value = fields.find(name);
    if (!value) return std::optional<int>();
    int number = 0;
    const auto [end, failure] =
        std::from_chars(value->data(), value->data() + value->size(), number);
    const bool is_whole = failure == std::errc() && end == value->data() + value->size();
    if (!is_whole || number < range.least || number > range.most)
        return bad_value(
            name, *value,
            fmt::format("must be a whole number from {} to {}", range.least, range.most));
    return std::optional<int>(number);
}

Parsed<std::string> model_field(const Fields& fields) {
    static constexpr std::size_t kLongest = 128;
    const auto value = fields.find("model").value_or("");
    if (value.size() > kLongest || !std::ranges::all_of(value, is_visible_ascii))
        return bad_value("model", value, "must be a name of up to 128 visible ASCII characters");
    return std::string(value);
}

Parsed<std::string> language_field(const Fields& fields) {
    static constexpr std::size_t kLongest = 35;
    const auto value = fields.find("language").value_or("");
    if (value.size() > kLongest || !std::ranges::all_of(value, is_tag_character))
        return bad_value("language", value, "must be a language tag such as en or en-US");
    return std::string(value);
}

}  // namespace tutti::dialect
