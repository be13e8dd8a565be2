// SPDX-License-Identifier: Apache-2.0
// Where a server is, as people write it: "http://host:port", perhaps with a path before "/v1".
// Pure. Errors are Errc::bad_parameter and say what is expected.
#pragma once

#include "base/error.h"

#include <string>
#include <string_view>

namespace tutti::cli {

struct ServerAddress {
    std::string host;       // a name or an address, without brackets
    std::string port;       // a number
    std::string authority;  // both, as the Host header wants them
    std::string prefix;     // of every path; empty or "/like/this"

    std::string url() const { return "http://" + authority + prefix; }
};

Result<ServerAddress> parse_server_address(std::string_view url);

}  // namespace tutti::cli
