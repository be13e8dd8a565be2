// SPDX-License-Identifier: Apache-2.0
#include "dialect/error_map.h"

#include "base/check.h"

namespace tutti::dialect {
namespace {

struct Row {
    Errc cause;
    unsigned http_status;
    std::uint16_t close_code;
    bool is_retryable;
};

constexpr Row kRows[] = {
    {Errc::ok, 200, 1000, false},
    {Errc::bad_request, 400, 1008, false},
    {Errc::bad_parameter, 400, 1008, false},
    {Errc::unknown_model, 404, 1008, false},
    {Errc::unknown_language, 400, 1008, false},
    {Errc::undecodable_audio, 400, 1008, false},
    {Errc::too_large, 413, 1009, false},
    {Errc::too_long, 413, 1008, false},
    {Errc::forbidden, 403, 1008, false},
    {Errc::not_found, 404, 1008, false},
    {Errc::wrong_method, 405, 1008, false},
    {Errc::client_idle, 408, 1011, true},
    {Errc::client_gone, 499, 1001, false},
    {Errc::busy, 503, 1011, true},
    {Errc::unavailable, 503, 1011, true},
    {Errc::no_space, 507, 1011, true},
    {Errc::protocol_violation, 500, 1011, false},
    {Errc::canceled, 503, 1012, true},
    {Errc::bad_config, 500, 1011, false},
    {Errc::io, 500, 1011, false},
    {Errc::internal, 500, 1011, false},
};

const Row& row_of(Errc cause) {
    for (const auto& row : kRows)
        if (row.cause == cause) return row;
    check_failed("an Errc without a row in the error map", __FILE__, __LINE__);
}

struct Exception {
    Protocol protocol;
    Errc cause;
    unsigned http_status;
};

// whoAsr and kn_demo answer bad form fields as FastAPI does, and every failure of the work itself,
// unreadable audio included, with 500. Deepgram's SDK has a class of its own for 400.
constexpr Exception kExceptions[] = {
    {Protocol::deepgram, Errc::unknown_model, 400},
    {Protocol::whoasr, Errc::bad_parameter, 422},
    {Protocol::whoasr, Errc::undecodable_audio, 500},
    {Protocol::kn_demo, Errc::bad_parameter, 422},
    {Protocol::kn_demo, Errc::undecodable_audio, 500},
};

}  // namespace

unsigned http_status_of(Errc cause, Protocol protocol) {
    for (const auto& exception : kExceptions)
        if (exception.protocol == protocol && exception.cause == cause)
            return exception.http_status;
    return row_of(cause).http_status;
}

std::uint16_t close_code_of(Errc cause) {
    return row_of(cause).close_code;
}

bool is_retryable(Errc cause) {
    return row_of(cause).is_retryable;
}

}  // namespace tutti::dialect
