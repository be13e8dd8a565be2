// SPDX-License-Identifier: Apache-2.0
#include "policy/recycling.h"

#include <algorithm>

namespace tutti::policy {

RecycleLimits with_jitter(RecycleLimits limits, std::uint32_t jitter_percent, double draw) {
    const auto lowered = [&](std::uint64_t limit) -> std::uint64_t {
        if (limit == 0) return 0;
        const double part = 1 - draw * jitter_percent / 100;
        return std::max<std::uint64_t>(
            1, static_cast<std::uint64_t>(static_cast<double>(limit) * part));
    };
    return {lowered(limits.requests),
            std::chrono::seconds(lowered(static_cast<std::uint64_t>(limits.lifetime.count()))),
            lowered(limits.rss_bytes)};
}

std::optional<std::string> recycle_reason(const RecycleLimits& limits, const Wear& wear) {
    if (limits.requests > 0 && wear.requests >= limits.requests)
        return std::to_string(wear.requests) + " requests";
    if (limits.lifetime.count() > 0 && wear.age >= limits.lifetime)
        return std::to_string(wear.age.count()) + " s of age";
    if (limits.rss_bytes > 0 && wear.rss_bytes >= limits.rss_bytes)
        return std::to_string(wear.rss_bytes >> 20) + " MiB of memory";
    return std::nullopt;
}

}  // namespace tutti::policy
