// SPDX-License-Identifier: Apache-2.0
#include "dialect/header_value.h"

#include <algorithm>

namespace tutti::dialect {
namespace {

constexpr char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

// Takes a quoted string, the opening quote already gone. Only \" and \\ are escapes: browsers of
// old send whole Windows paths as file names.
std::optional<std::string> take_quoted(std::string_view& rest) {
    std::string out;
    for (std::size_t i = 0; i < rest.size(); ++i) {
        const bool escapes =
            rest[i] == '\\' && i + 1 < rest.size() && (rest[i + 1] == '"' || rest[i + 1] == '\\');
        if (escapes) {
            out += rest[++i];
        } else if (rest[i] == '"') {
            rest.remove_prefix(i + 1);
            return out;
        } else {
            out += rest[i];
        }
    }
    return std::nullopt;
}

std::string take_bare(std::string_view& rest) {
    const auto end = std::min(rest.find(';'), rest.size());
    std::string out(trimmed(rest.substr(0, end)));
    rest.remove_prefix(end);
    return out;
}

}  // namespace

bool equals_ignoring_case(std::string_view a, std::string_view b) {
    return std::ranges::equal(a, b, {}, lower, lower);
}

std::string_view trimmed(std::string_view text) {
    const auto first = text.find_first_not_of(" \t");
    if (first == std::string_view::npos) return {};
    return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

std::vector<std::string_view> split_list(std::string_view value) {
    std::vector<std::string_view> out;
    while (!value.empty()) {
        const auto end = std::min(value.find(','), value.size());
        const auto element = trimmed(value.substr(0, end));
        if (!element.empty()) out.push_back(element);
        value.remove_prefix(std::min(end + 1, value.size()));
    }
    return out;
}

std::string_view main_value(std::string_view value) {
    return trimmed(value.substr(0, value.find(';')));
}

std::optional<std::string> find_parameter(std::string_view value, std::string_view name) {
    auto semicolon = value.find(';');
    while (semicolon != std::string_view::npos) {
        value.remove_prefix(semicolon + 1);
        const auto end = value.find_first_of("=;");
        if (end == std::string_view::npos) return std::nullopt;
        semicolon = end;
        if (value[end] == ';') continue;
        const auto key = trimmed(value.substr(0, end));
        value.remove_prefix(end + 1);
        value.remove_prefix(std::min(value.find_first_not_of(" \t"), value.size()));
        std::optional<std::string> parameter;
        if (value.starts_with('"')) {
            value.remove_prefix(1);
            parameter = take_quoted(value);
            if (!parameter) return std::nullopt;
        } else {
            parameter = take_bare(value);
        }
        if (equals_ignoring_case(key, name)) return parameter;
        semicolon = value.find(';');
    }
    return std::nullopt;
}

}  // namespace tutti::dialect
