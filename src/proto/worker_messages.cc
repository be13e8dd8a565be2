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

}  // namespace tutti::proto
