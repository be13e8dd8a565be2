// SPDX-License-Identifier: Apache-2.0
#include "gateway/live_outbox.h"

#include <gtest/gtest.h>

namespace tutti::gateway {
namespace {

TEST(LiveOutbox, ANewerPartialReplacesTheOneThatWaits) {
    LiveOutbox outbox;
    outbox.push_partial("p1");
    outbox.push_partial("p2");
    outbox.push("final");
    outbox.push_partial("p3");
    EXPECT_EQ(outbox.pop(), "p2");
    EXPECT_EQ(outbox.pop(), "final");
    EXPECT_EQ(outbox.pop(), "p3");
    EXPECT_TRUE(outbox.is_empty());
}

TEST(LiveOutbox, OnlyWhatMustBeDeliveredCountsAgainstTheLimit) {
    LiveOutbox outbox;
    outbox.push_partial(std::string(LiveOutbox::kLimit + 1, 'x'));
    EXPECT_FALSE(outbox.has_overflowed());
    outbox.push(std::string(LiveOutbox::kLimit, 'x'));
    EXPECT_FALSE(outbox.has_overflowed());
    outbox.push("x");
    EXPECT_TRUE(outbox.has_overflowed());
}

}  // namespace
}  // namespace tutti::gateway
