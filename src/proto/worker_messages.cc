// SPDX-License-Identifier: Apache-2.0
#include "proto/worker_messages.h"

namespace tutti::proto {

std::string_view name_of(Role role) {
    switch (role) {
        case Role::supervisor:
            return "supervisor";
        case Role::gateway:
            return "gateway";
        case Role::engine:
            return "engine";
        case Role::scribe:
            return "scribe";
    }
    return "unknown";
}

std::string_view name_of(ModelState state) {
    switch (state) {
        case ModelState::unloaded:
            return "unloaded";
        case ModelState::loading:
            return "loading";
        case ModelState::ready:
            return "ready";
        case ModelState::draining:
            return "draining";
        case ModelState::failed:
            return "failed";
    }
    return "unknown";
}

}  // namespace tutti::proto
