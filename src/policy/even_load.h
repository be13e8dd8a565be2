// SPDX-License-Identifier: Apache-2.0
// Keeps long-lived connections evenly spread over the gateways. Pure.
//
// The kernel spreads new connections blindly, and connections stay where they are: a gateway that
// was replaced comes back empty, and by chance one may hold more than another. So a gateway with
// clearly more than the average passes a fresh connection to the one with the fewest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace tutti::policy {

// `connections` of every gateway that takes new work, the own one at `own`. The place of the
// gateway that is to have the next connection, or nullopt to keep it.
std::optional<std::size_t> choose_receiver(std::span<const std::int64_t> connections,
                                           std::size_t own);

}  // namespace tutti::policy
