// SPDX-License-Identifier: Apache-2.0
// Why a request was refused before any work began, and which of its parameters is to blame.
// Parsers of this folder return Parsed<T>; each dialect renders a RequestError in its own shape.
#pragma once

#include "base/error.h"

#include <boost/system/result.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace tutti::dialect {

struct RequestError {
    Error error;
    std::string param;                 // empty = the request as a whole
    std::optional<std::string> value;  // as the client sent it; nullopt = there was none
};

// Found by argument-dependent lookup when .value() is called on a failed Parsed.
[[noreturn]] void throw_exception_from_error(const RequestError& error,
                                             const boost::source_location& where);

template <class T>
using Parsed = boost::system::result<T, RequestError>;

// `why` completes "<param>: ..."; the value is shown behind it, shortened and printable.
RequestError bad_value(std::string_view param, std::string_view value, std::string_view why);

RequestError missing_parameter(std::string_view param, std::string_view why);

}  // namespace tutti::dialect
