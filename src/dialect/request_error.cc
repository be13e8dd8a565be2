// SPDX-License-Identifier: Apache-2.0
#include "dialect/request_error.h"

#include "base/log.h"

#include <fmt/format.h>

namespace tutti::dialect {

void throw_exception_from_error(const RequestError& error, const boost::source_location& where) {
    tutti::throw_exception_from_error(error.error, where);
}

RequestError bad_value(std::string_view param, std::string_view value, std::string_view why) {
    static constexpr std::size_t kShown = 60;
    return {{Errc::bad_parameter,
             fmt::format("{}: {} (got '{}')", param, why, log::printable(value, kShown))},
            std::string(param),
            std::string(value)};
}

RequestError missing_parameter(std::string_view param, std::string_view why) {
    return {
        {Errc::bad_parameter, fmt::format("{}: {}", param, why)}, std::string(param), std::nullopt};
}

}  // namespace tutti::dialect
