// SPDX-License-Identifier: Apache-2.0
// Listening sockets that systemd made for us (socket activation, sd_listen_fds(3)).
//
//   auto activated = take_activated();          // first thing in main, before descriptors are made
//   if (!activated->empty()) listeners = TcpListeners::adopt(...);
//
// 1. The variables are removed from the environment and every socket is close-on-exec, so children
//    get those that are handed to them and no other.
// 2. What is passed and is not a listening TCP socket is an error: ignoring it would leave an
//    address where clients connect and nobody answers.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tutti::supervisor {

struct ActivatedSocket {
    UniqueFd fd;
    std::string name;  // FileDescriptorName= of the socket unit
    std::string host;  // numeric
    std::uint16_t port = 0;
};

// Empty when nothing was passed to this process. `first_fd` is for tests.
Result<std::vector<ActivatedSocket>> take_activated(int first_fd = 3);

}  // namespace tutti::supervisor
