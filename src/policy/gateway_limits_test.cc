// SPDX-License-Identifier: Apache-2.0
#include "policy/gateway_limits.h"

#include <gtest/gtest.h>

namespace tutti::policy {
namespace {

TEST(GatewayLimits, ConnectionsFollowFromTheDescriptorsUnlessGiven) {
    const struct {
        GatewayLimits wanted;
        std::uint64_t descriptors;
        GatewayLimits limits;
    } rows[] = {
        {{500, 100, 50}, 1024, {500, 100, 50}},
        {{0, 1000, 1000}, 20'000, {20'000 - 64 - 3000, 1000, 1000}},
        {{0, 1000, 1000}, 1024, {1024 - 64 - 256, 1000, 1000}},
        {{0, 10, 10}, 1024, {1024 - 64 - 30, 10, 10}},
        {{0, 10, 10}, 64, {8, 10, 10}},
        {{0, 10, 10}, 0, {8, 10, 10}},
        {{0, 0, 0}, 1024, {1024 - 64 - 256, 704, 704}},
        {{70, 0, 0}, 1024, {70, 70, 70}},
    };
    for (const auto& row : rows) {
        SCOPED_TRACE(row.descriptors);
        EXPECT_EQ(limits_within(row.wanted, row.descriptors), row.limits);
    }
}

TEST(GatewayLimits, NothingIsTakenOverALimit) {
    const GatewayLimits limits{.connections = 100, .handshakes = 10, .requests = 5};
    EXPECT_TRUE(takes_connection(limits, {.connections = 99, .handshakes = 9}));
    EXPECT_FALSE(takes_connection(limits, {.connections = 100, .handshakes = 0}));
    EXPECT_FALSE(takes_connection(limits, {.connections = 50, .handshakes = 10}));
    EXPECT_TRUE(takes_request(limits, {.requests = 4}));
    EXPECT_FALSE(takes_request(limits, {.requests = 5}));
}

TEST(GatewayLimits, ConnectionsRestShortlyWhenPlacesAreScarceOrTheGatewayCloses) {
    const GatewayLimits limits{.connections = 100};
    EXPECT_EQ(rest_limit(limits, {.connections = 80}, false), kLongRest);
    EXPECT_EQ(rest_limit(limits, {.connections = 81}, false), kShortRest);
    EXPECT_EQ(rest_limit(limits, {.connections = 1}, true), kShortRest);
}

}  // namespace
}  // namespace tutti::policy
