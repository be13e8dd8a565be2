// SPDX-License-Identifier: Apache-2.0
#include "policy/recycling.h"

#include <gtest/gtest.h>

namespace tutti::policy {
namespace {

using std::chrono::seconds;

TEST(Recycling, WithoutLimitsNothingIsDue) {
    EXPECT_EQ(recycle_reason({}, {1'000'000, seconds(1'000'000), 1ull << 40}), std::nullopt);
    EXPECT_EQ(with_jitter({}, 20, 0.99), RecycleLimits{});
}

TEST(Recycling, EachLimitIsDueWhenReached) {
    const RecycleLimits limits{100, seconds(60), 1ull << 20};
    EXPECT_EQ(recycle_reason(limits, {99, seconds(59), (1ull << 20) - 1}), std::nullopt);
    EXPECT_EQ(recycle_reason(limits, {100, seconds(0), 0}), "100 requests");
    EXPECT_EQ(recycle_reason(limits, {0, seconds(60), 0}), "60 s of age");
    EXPECT_EQ(recycle_reason(limits, {0, seconds(0), 1ull << 20}), "1 MiB of memory");
}

TEST(Recycling, JitterLowersByAtMostItsPart) {
    const RecycleLimits limits{1000, seconds(1000), 1000};
    EXPECT_EQ(with_jitter(limits, 20, 0), limits);
    EXPECT_EQ(with_jitter(limits, 20, 0.5), (RecycleLimits{900, seconds(900), 900}));
    EXPECT_EQ(with_jitter({1, {}, 0}, 100, 0.999), (RecycleLimits{1, {}, 0}));
}

}  // namespace
}  // namespace tutti::policy
