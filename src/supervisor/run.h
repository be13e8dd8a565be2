// SPDX-License-Identifier: Apache-2.0
// `tutti serve`: makes or takes over what a server stands on (listeners, folder, control socket,
// pidfile), then supervises until the end.
//
//   int code = supervisor::run(config, {...});
#pragma once

#include "base/error.h"
#include "config/config.h"

#include <functional>
#include <string>
#include <vector>

namespace tutti::supervisor {

struct Startup {
    // Reads the configuration again, from the same sources.
    std::function<Result<config::Config>()> load;
    // Our program and its arguments, for a binary upgrade.
    std::string program;
    std::vector<std::string> argv;
};

int run(const config::Config& config, Startup startup);

// The exit code of a server that could not start for this reason.
int code_of_failed_start(const Error& error);

}  // namespace tutti::supervisor
