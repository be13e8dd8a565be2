// SPDX-License-Identifier: Apache-2.0
// Where the control socket of a server is; the server and `tutti ctl` agree on it here.
#pragma once

#include "config/config.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tutti::config {

// The setting, or else a name made of the port in the system's place for such sockets.
std::string control_socket_path(const Config& config, std::uint16_t port);

// Where a server of this user may have it, the most likely first: a shell and a service of one user
// do not see the same XDG_RUNTIME_DIR.
std::vector<std::string> control_socket_paths(const Config& config, std::uint16_t port);

}  // namespace tutti::config
