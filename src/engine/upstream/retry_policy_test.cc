// SPDX-License-Identifier: Apache-2.0
#include "engine/upstream/retry_policy.h"

#include <gtest/gtest.h>

namespace tutti::engine {
namespace {

using std::chrono::milliseconds;

constexpr RetryOptions kOptions{
    .retries = 3, .first_delay = milliseconds(100), .longest_delay = milliseconds(300)};

bool repeats(const AttemptEnd& end) {
    return retry_delay(kOptions, 0, end, 0).has_value();
}

TEST(RetryPolicy, RepeatsOnlyWhatCannotHaveBeenWorkedOn) {
    EXPECT_TRUE(repeats({.was_closed = true}));
    EXPECT_TRUE(repeats({}));  // timed out while connecting
    EXPECT_TRUE(repeats({.has_sent = true, .was_reused = true, .was_closed = true}));
    EXPECT_FALSE(repeats({.has_sent = true, .was_closed = true}));
    EXPECT_FALSE(repeats({.has_sent = true, .was_reused = true}));  // silence
    EXPECT_FALSE(repeats(
        {.has_sent = true, .was_reused = true, .was_closed = true, .has_answer_begun = true}));
}

TEST(RetryPolicy, RepeatsWhateverFailedWhenThatDoesNoHarm) {
    for (const int status : {0, 429, 500, 502, 503, 504})
        EXPECT_TRUE(repeats({.status = status, .is_repeatable = true, .has_sent = true}));
    for (const int status : {200, 204, 301, 400, 403, 404})
        EXPECT_FALSE(repeats({.status = status, .is_repeatable = true, .has_sent = true}));
    EXPECT_TRUE(repeats({.is_repeatable = true, .has_sent = true, .has_answer_begun = true}));
}

TEST(RetryPolicy, RepeatsWhatTheServerAsksFor) {
    for (int status : {429, 503})
        EXPECT_TRUE(repeats({.status = status, .has_sent = true, .has_answer_begun = true}));
    for (int status : {200, 301, 400, 401, 404, 413, 500, 502, 504})
        EXPECT_FALSE(repeats({.status = status, .has_sent = true, .has_answer_begun = true}));
}

TEST(RetryPolicy, DelaysDoubleUpToTheirLimitWithJitter) {
    const AttemptEnd refused{.was_closed = true};
    EXPECT_EQ(retry_delay(kOptions, 0, refused, 0), milliseconds(50));
    EXPECT_EQ(retry_delay(kOptions, 0, refused, 0.5), milliseconds(75));
    EXPECT_EQ(retry_delay(kOptions, 1, refused, 0), milliseconds(100));
    EXPECT_EQ(retry_delay(kOptions, 2, refused, 0), milliseconds(150));
    EXPECT_EQ(retry_delay(kOptions, 3, refused, 0), std::nullopt);
}

TEST(RetryPolicy, NeverComesBeforeRetryAfter) {
    const AttemptEnd busy{
        .status = 429, .has_answer_begun = true, .retry_after = milliseconds(2000)};
    EXPECT_EQ(retry_delay(kOptions, 0, busy, 0), milliseconds(2000));
    EXPECT_EQ(retry_delay(kOptions, 0, busy, 0.5), milliseconds(2025));
}

}  // namespace
}  // namespace tutti::engine
