// SPDX-License-Identifier: Apache-2.0
// /v1/admin/models: what clients send and get, and how the supervisor is asked (its control
// socket's words). Errors have OpenAI's shape.
#pragma once

#include "dialect/request_error.h"

#include <string>
#include <string_view>

namespace tutti::dialect {

// load, unload, pin or unpin.
bool is_admin_change(std::string_view verb);

// {"model": "its id"}
Parsed<std::string> parse_admin_change(std::string_view body);

// The line for the supervisor.
std::string admin_request(std::string_view command, std::string_view model);

// `list` is the supervisor's answer to "models". Errc::internal when it cannot be read.
Result<std::string> admin_models_body(std::string_view list);
// Errc::unknown_model when the model is not in it.
Result<std::string> admin_model_body(std::string_view list, std::string_view model);

}  // namespace tutti::dialect
