// SPDX-License-Identifier: Apache-2.0
// kn_demo's one route, POST /upload-file: a multipart form with the part "file", answered with its
// text. Name, type and suffix of the part do not matter. Errors are detail_body's.
#pragma once

#include "dialect/request_error.h"
#include "proto/transcript.h"

#include <string>

namespace tutti::dialect {

RequestError kn_demo_missing_file();

std::string kn_demo_body(const proto::Transcript& transcript);

}  // namespace tutti::dialect
