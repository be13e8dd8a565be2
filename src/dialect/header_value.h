// SPDX-License-Identifier: Apache-2.0
// The few shapes HTTP header values come in: a list with commas, a main value followed by
// parameters ("form-data; name=\"x\""). Views point into the value given.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::dialect {

// ASCII only, as header names, schemes and media types are.
bool equals_ignoring_case(std::string_view a, std::string_view b);

std::string_view trimmed(std::string_view text);

// The non-empty elements of "a, b,c".
std::vector<std::string_view> split_list(std::string_view value);

// What stands before the first ';', trimmed: "text/plain" of "text/plain; charset=utf-8".
std::string_view main_value(std::string_view value);

// The parameter `name` without its quotes; nullopt when absent or when its quotes never close.
std::optional<std::string> find_parameter(std::string_view value, std::string_view name);

}  // namespace tutti::dialect
