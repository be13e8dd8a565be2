// SPDX-License-Identifier: Apache-2.0
#include "dialect/json_text.h"

#include "dialect/utf8.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace tutti::dialect {
namespace {

void append_value(std::string& out, const json::value& value);

void append_string(std::string& out, std::string_view text) {
    out += json::serialize(json::string_view(to_valid_utf8(text)));
}

void append_number(std::string& out, double number) {
    const auto at = out.size();
    fmt::format_to(std::back_inserter(out), "{}", number);
    if (out.find_first_of(".e", at) == std::string::npos) out += ".0";
}

void append_object(std::string& out, const json::object& object) {
    char before = '{';
    for (const auto& member : object) {
        out += before;
        append_string(out, member.key());
        out += ':';
        append_value(out, member.value());
        before = ',';
    }
    if (object.empty()) out += '{';
    out += '}';
}

void append_array(std::string& out, const json::array& array) {
    char before = '[';
    for (const auto& element : array) {
        out += before;
        append_value(out, element);
        before = ',';
    }
    if (array.empty()) out += '[';
    out += ']';
}

void append_value(std::string& out, const json::value& value) {
    if (const auto* object = value.if_object())
        append_object(out, *object);
    else if (const auto* array = value.if_array())
        append_array(out, *array);
    else if (const auto* text = value.if_string())
        append_string(out, *text);
    else if (const auto* number = value.if_double(); number && std::isfinite(*number))
        append_number(out, *number);
    else
        out += json::serialize(value);
}

}  // namespace

std::optional<json::object> parse_json_object(std::string_view text) {
    json::parse_options options;
    options.max_depth = 16;
    json::error_code failure;
    auto value = json::parse(text, failure, {}, options);
    if (failure || !value.is_object()) return std::nullopt;
    return std::move(value.get_object());
}

std::optional<std::string_view> find_string(const json::object& object, std::string_view name) {
    const auto* member = object.if_contains(name);
    if (!member || !member->is_string()) return std::nullopt;
    return std::string_view(member->get_string());
}

std::string to_text(const json::value& value) {
    std::string out;
    append_value(out, value);
    return out;
}

double to_seconds(proto::Millis time) {
    return static_cast<double>(time.count()) / 1000;
}

double to_confidence(float confidence) {
    if (std::isnan(confidence)) return 0;
    return std::round(std::clamp(static_cast<double>(confidence), 0.0, 1.0) * 1e4) / 1e4;
}

}  // namespace tutti::dialect
