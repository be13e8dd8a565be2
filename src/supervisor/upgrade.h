// SPDX-License-Identifier: Apache-2.0
// One server takes over from another without a refused connection: the binary upgrade.
//
// The old supervisor starts the program anew with its sockets and locks as inherited descriptors
// and a channel. The new one starts all its processes, and says "ready" on the channel once they
// serve; only then does the old one let go and drain. Until then nothing of the old server has
// changed, so a new program that fails costs nothing. If the old one dies meanwhile, the new one
// goes on alone.
//
//   the variable TUTTI_TAKEOVER tells what was handed over:
//     VERSION LISTENERS FROM_SYSTEMD HAS_CONTROL HAS_PIDFILE
//   descriptors from 3 on: channel; control socket and its lock; lock of the pidfile; listeners
#pragma once

#include "runtime/child_process.h"
#include "runtime/ipc_channel.h"
#include "supervisor/listeners.h"
#include "supervisor/node.h"

#include <vector>

namespace tutti::supervisor {

// What the old server hands over. Descriptors stay its own; -1 = it has none.
struct Estate {
    std::vector<int> listeners;
    TcpListeners::Origin origin = TcpListeners::Origin::own;
    int control = -1;
    int control_lock = -1;
    int pidfile_lock = -1;
    std::vector<std::string> environment = {};  // NAME=value, besides our own
};

// Starts `program` and waits until it serves. Destroying what it returns kills the new server,
// unless let go.
asio::awaitable<Result<runtime::ChildProcess>> hand_over(Node& node, std::string program,
                                                         std::vector<std::string> argv,
                                                         Estate estate, std::chrono::seconds limit);

// What the new server was handed.
struct Takeover {
    UniqueFd channel;
    std::vector<UniqueFd> listeners;
    TcpListeners::Origin origin = TcpListeners::Origin::own;
    UniqueFd control;
    UniqueFd control_lock;
    UniqueFd pidfile_lock;

    // nullopt when there is no predecessor. Removes the variable.
    static Result<std::optional<Takeover>> from_environment();
    // We serve: the predecessor may go.
    void say_ready();
};

}  // namespace tutti::supervisor
