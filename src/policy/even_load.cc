// SPDX-License-Identifier: Apache-2.0
#include "policy/even_load.h"

#include <algorithm>
#include <numeric>

namespace tutti::policy {
namespace {

// Small enough that what is on its way to the receiver, and not yet counted there, stays within a
// quarter above the average.
constexpr std::int64_t kShareAboveMean = 8;  // one eighth
constexpr std::int64_t kSlack = 8;           // few connections are not worth moving

}  // namespace

std::optional<std::size_t> choose_receiver(std::span<const std::int64_t> connections,
                                           std::size_t own) {
    if (connections.size() < 2 || own >= connections.size()) return std::nullopt;
    const auto sum = std::accumulate(connections.begin(), connections.end(), std::int64_t{0});
    const auto mean = sum / static_cast<std::int64_t>(connections.size());
    if (connections[own] <= mean + std::max(mean / kShareAboveMean, kSlack)) return std::nullopt;
    const auto least = std::ranges::min_element(connections);
    return static_cast<std::size_t>(least - connections.begin());
}

}  // namespace tutti::policy
