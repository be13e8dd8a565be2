// SPDX-License-Identifier: Apache-2.0
// The body of a forked decode worker: answers one engine thread (decode_worker_messages.h) with one
// recognizer until the connection ends. A carry of the recognizer must be empty or a std::string.
#pragma once

#include "base/unique_fd.h"
#include "engine/recognizer.h"

namespace tutti::engine {

void serve_decodes(UniqueFd connection, Recognizer& recognizer);

}  // namespace tutti::engine
