// SPDX-License-Identifier: Apache-2.0
// What one gateway takes on at most, and how long a connection may rest in it. Pure.
//
// 1. A connection or request over a limit is refused before any work is done for it.
// 2. The descriptors of the process suffice for `connections` of them, with what they open besides
//    (spool files, scribes, decoders) and what the gateway itself needs.
#pragma once

#include <chrono>
#include <cstdint>

namespace tutti::policy {

struct GatewayLimits {
    std::uint64_t connections = 0;
    std::uint64_t handshakes = 0;  // connections whose first request head has not come yet
    std::uint64_t requests = 0;    // being answered at once

    bool operator==(const GatewayLimits&) const = default;
};

// What the operator asked for; zero connections = as many as `descriptors` allow, zero of the
// others = as many as there are connections.
GatewayLimits limits_within(GatewayLimits wanted, std::uint64_t descriptors);

struct GatewayLoad {
    std::uint64_t connections = 0;
    std::uint64_t handshakes = 0;
    std::uint64_t requests = 0;
};

bool takes_connection(const GatewayLimits& limits, const GatewayLoad& load);
bool takes_request(const GatewayLimits& limits, const GatewayLoad& load);

inline constexpr std::chrono::seconds kLongRest{310};  // longer than pooled clients keep one
inline constexpr std::chrono::seconds kShortRest{4};

// How long a connection may wait for its next request: short when places become scarce, and when
// the gateway is about to end.
std::chrono::seconds rest_limit(const GatewayLimits& limits, const GatewayLoad& load,
                                bool is_closing);

}  // namespace tutti::policy
