// SPDX-License-Identifier: Apache-2.0
// The only place where an Errc becomes an HTTP status, a WebSocket close code or advice to retry.
// Statuses differ between protocols only where a protocol's own clients rely on it.
#pragma once

#include "base/error.h"

#include <cstdint>

namespace tutti::dialect {

enum class Protocol { openai, deepgram, whoasr, kn_demo };

unsigned http_status_of(Errc cause, Protocol protocol);

std::uint16_t close_code_of(Errc cause);

// Whether the same request may succeed a little later (then a Retry-After belongs to the answer).
bool is_retryable(Errc cause);

}  // namespace tutti::dialect
