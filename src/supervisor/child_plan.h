// SPDX-License-Identifier: Apache-2.0
// Which processes a configuration asks for. Pure.
#pragma once

#include "config/config.h"
#include "proto/worker_messages.h"

#include <string>
#include <vector>

namespace tutti::supervisor {

// One place for a process; it outlives the processes that fill it.
struct PlannedChild {
    proto::Role role = proto::Role::gateway;
    std::string name;                // "gateway 0", by which a place is known
    std::string program;             // file name within the program folder
    std::vector<std::string> flags;  // after the program's name, without its slot
    std::string model;               // engines only
    std::size_t index = 0;           // among those of its role or model, as in its name
};

// Order: engines, scribes, gateways.
std::vector<PlannedChild> plan_children(const config::Config& config, int cores);

}  // namespace tutti::supervisor
