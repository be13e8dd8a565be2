// SPDX-License-Identifier: Apache-2.0
// Boost.JSON at this folder's two edges: text from strangers in, text for clients out.
#pragma once

#include "proto/transcript.h"

#include <boost/json/value.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace tutti::dialect {

namespace json = boost::json;

// nullopt for anything that is not one JSON object, is nested too deeply or is not UTF-8.
std::optional<json::object> parse_json_object(std::string_view text);

// The string member `name`; nullopt when there is none of that type.
std::optional<std::string_view> find_string(const json::object& object, std::string_view name);

// Like json::serialize, but numbers read "2.1" instead of "2.1E0", and bytes that are not UTF-8 are
// replaced.
std::string to_text(const json::value& value);

// Seconds with the milliseconds as decimals.
double to_seconds(proto::Millis time);

// A confidence as clients see it: 0..1 with four decimals, 0 for NaN.
double to_confidence(float confidence);

}  // namespace tutti::dialect
