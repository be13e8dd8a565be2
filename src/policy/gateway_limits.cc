// SPDX-License-Identifier: Apache-2.0
#include "policy/gateway_limits.h"

#include <algorithm>

namespace tutti::policy {
namespace {

constexpr std::uint64_t kFewest = 8;      // connections, however few descriptors there are
constexpr std::uint64_t kOwn = 64;        // channels, engines, listeners, log, timers
constexpr std::uint64_t kPerRequest = 3;  // spool file, scribe, and one to spare
constexpr std::uint64_t kScarcePercent = 80;

std::uint64_t fitting_connections(std::uint64_t requests, std::uint64_t descriptors) {
    const auto reserve = kOwn + std::min(kPerRequest * requests, descriptors / 4);
    return std::max(kFewest, descriptors - std::min(descriptors, reserve));
}

}  // namespace

GatewayLimits limits_within(GatewayLimits wanted, std::uint64_t descriptors) {
    if (wanted.connections == 0)
        wanted.connections =
            fitting_connections(wanted.requests ? wanted.requests : descriptors, descriptors);
    if (wanted.handshakes == 0) wanted.handshakes = wanted.connections;
    if (wanted.requests == 0) wanted.requests = wanted.connections;
    return wanted;
}

bool takes_connection(const GatewayLimits& limits, const GatewayLoad& load) {
    return load.connections < limits.connections && load.handshakes < limits.handshakes;
}

bool takes_request(const GatewayLimits& limits, const GatewayLoad& load) {
    return load.requests < limits.requests;
}

std::chrono::seconds rest_limit(const GatewayLimits& limits, const GatewayLoad& load,
                                bool is_closing) {
    const bool is_scarce = load.connections * 100 > limits.connections * kScarcePercent;
    return is_scarce || is_closing ? kShortRest : kLongRest;
}

}  // namespace tutti::policy
