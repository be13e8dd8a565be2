// SPDX-License-Identifier: Apache-2.0
// whoAsr's POST /punctuation/add: a text in JSON, and the same with punctuation.
#pragma once

#include "dialect/request_error.h"

#include <string>
#include <string_view>

namespace tutti::dialect {

// The member "text" of the body; others are ignored. Errc::bad_parameter when it is missing or no
// string, or the body is no JSON object.
Parsed<std::string> parse_whoasr_punctuation(std::string_view body);

// `punctuated` is the text itself when it could not be punctuated: that is no failure to whoAsr.
std::string whoasr_punctuation_body(std::string_view original, std::string_view punctuated);

}  // namespace tutti::dialect
