// SPDX-License-Identifier: Apache-2.0
// The error body of the FastAPI services this house replaces (whoAsr, kn_demo): {"detail": ...}, a
// list of faults when a form field is wrong or missing (status 422), otherwise one string.
#pragma once

#include "dialect/request_error.h"

#include <string>

namespace tutti::dialect {

std::string detail_body(const RequestError& error);

}  // namespace tutti::dialect
