// SPDX-License-Identifier: Apache-2.0
// The gateway role: the process clients talk to.
#pragma once

#include "config/config.h"

#include <cstddef>

namespace tutti::gateway {

// Serves the inherited listener until told to stop; returns the exit code. Takes over the
// descriptors that runtime/worker.h names.
int run(const config::Config& config, std::size_t slot_index);

}  // namespace tutti::gateway
