// SPDX-License-Identifier: Apache-2.0
// Decides when a process has done or grown enough to be replaced. Pure.
//
// Each process gets its own limits, lowered by a random part, so that processes which started
// together are not replaced together.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

namespace tutti::policy {

struct RecycleLimits {
    std::uint64_t requests = 0;  // 0 = no limit, here and below
    std::chrono::seconds lifetime{0};
    std::uint64_t rss_bytes = 0;
    bool operator==(const RecycleLimits&) const = default;
};

struct Wear {
    std::uint64_t requests = 0;
    std::chrono::seconds age{0};
    std::uint64_t rss_bytes = 0;
};

// `draw` in [0, 1): 0 keeps the limits, near 1 takes jitter_percent off.
RecycleLimits with_jitter(RecycleLimits limits, std::uint32_t jitter_percent, double draw);

// Why it is due, for the log; nullopt when it is not.
std::optional<std::string> recycle_reason(const RecycleLimits& limits, const Wear& wear);

}  // namespace tutti::policy
