// SPDX-License-Identifier: Apache-2.0
// One request to the control socket of a running server: a line of JSON there, a line back.
//
//   auto result = call_control({.path = path}, {{"command", "status"}});
//
// Blocks. Errc::unavailable means that no server is there; every other error that one is, but that
// it did not do what was asked. Errors are sentences for people.
#pragma once

#include "base/error.h"

#include <boost/json/object.hpp>
#include <sys/types.h>

#include <chrono>
#include <optional>
#include <string>

namespace tutti::cli {

struct ControlAddress {
    std::string path;
    std::optional<std::chrono::milliseconds> limit;  // for everything; nullopt = none
};

Result<boost::json::value> call_control(const ControlAddress& address,
                                        const boost::json::object& request);

// Whether `user` may believe a server that runs as `owner`: root's, or their own. Others could have
// put their socket where ours is looked for.
bool is_trusted(uid_t owner, uid_t user);

}  // namespace tutti::cli
