// SPDX-License-Identifier: Apache-2.0
// One configuration as its processes got it: each reload that takes effect makes the next.
//
// Shared by the server, whose present one it is, and the places whose processes were started, and
// may have to be started again, with it.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"
#include "config/config.h"

#include <cstdint>
#include <memory>

namespace tutti::supervisor {

struct Generation {
    std::uint32_t number = 0;
    config::Config config;
    UniqueFd config_fd;  // the same as a file, which children inherit

    static Result<std::shared_ptr<const Generation>> make(std::uint32_t number,
                                                          config::Config config);
};

}  // namespace tutti::supervisor
