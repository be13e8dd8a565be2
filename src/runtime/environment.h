// SPDX-License-Identifier: Apache-2.0
// Which of our environment a child gets: what every program needs, and what the operator names.
//
//   spec.environment = child_environment(environ, config.pass_environment);
//
// Pure. What configures the supervisor or speaks for it to the system (TUTTI_*, NOTIFY_SOCKET,
// LISTEN_*, credentials) never passes, not even when it is named.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::runtime {

// Entries NAME=value, of `environment` as environ, in its order.
std::vector<std::string> child_environment(const char* const* environment,
                                           std::span<const std::string> also);

// Names that `also` cannot make pass.
bool is_supervisors_own(std::string_view name);

}  // namespace tutti::runtime
