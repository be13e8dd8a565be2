// SPDX-License-Identifier: Apache-2.0
#include "policy/restart_policy.h"

#include "base/exit_code.h"

#include <gtest/gtest.h>

namespace tutti::policy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const RestartPolicy::Time t0{};

milliseconds delay_of(const RestartDecision& decision) {
    return std::get<Restart>(decision).delay;
}

RestartPolicy without_jitter() {
    return {{.jitter = 0}, 1};
}

TEST(RestartPolicy, AServingChildIsReplacedAtOnceTheFirstTime) {
    auto policy = without_jitter();
    policy.on_ready(t0);
    EXPECT_EQ(delay_of(policy.on_exit(t0 + seconds(1), {}, true)), milliseconds(0));
}

TEST(RestartPolicy, DelaysDoubleUpToTheMaximum) {
    RestartPolicy policy({.jitter = 0, .breaker_deaths = 100}, 1);
    milliseconds expected{100};
    for (int death = 0; death < 12; ++death) {
        EXPECT_EQ(delay_of(policy.on_exit(t0, {70}, true)), expected);
        expected = std::min<milliseconds>(expected * 2, seconds(30));
    }
}

TEST(RestartPolicy, FiveDeathsInAMinuteOpenTheBreaker) {
    auto policy = without_jitter();
    for (int death = 0; death < 4; ++death) (void)policy.on_exit(t0 + seconds(death), {70}, true);
    EXPECT_FALSE(policy.is_failing());
    EXPECT_EQ(delay_of(policy.on_exit(t0 + seconds(4), {70}, true)), seconds(30));
    EXPECT_TRUE(policy.is_failing());
    policy.on_ready(t0 + seconds(34));
    policy.on_still_serving(t0 + seconds(93));
    EXPECT_TRUE(policy.is_failing());
    policy.on_still_serving(t0 + seconds(94));
    EXPECT_FALSE(policy.is_failing());
    EXPECT_EQ(delay_of(policy.on_exit(t0 + seconds(100), {}, true)), milliseconds(0));
}

TEST(RestartPolicy, DeathsFarApartAreNoCrashLoop) {
    auto policy = without_jitter();
    for (int death = 0; death < 20; ++death)
        (void)policy.on_exit(t0 + seconds(20) * death, {70}, true);
    EXPECT_FALSE(policy.is_failing());
}

TEST(RestartPolicy, AFirstStartThatCrashesAgainAndAgainGivesUp) {
    auto policy = without_jitter();
    for (int death = 0; death < 4; ++death)
        EXPECT_TRUE(std::holds_alternative<Restart>(policy.on_exit(t0, {}, false)));
    EXPECT_EQ(policy.on_exit(t0, {}, false), RestartDecision(GiveUp{exit_code::internal}));
}

TEST(RestartPolicy, AFirstStartThatHangsGivesUp) {
    auto policy = without_jitter();
    EXPECT_EQ(policy.on_exit(t0, {.was_slow_start = true}, false),
              RestartDecision(GiveUp{exit_code::internal}));
    EXPECT_TRUE(
        std::holds_alternative<Restart>(policy.on_exit(t0, {.was_slow_start = true}, true)));
}

TEST(RestartPolicy, AStableLifeForgetsEarlierDeaths) {
    auto policy = without_jitter();
    for (int death = 0; death < 5; ++death) (void)policy.on_exit(t0, {70}, true);
    policy.on_ready(t0);
    EXPECT_EQ(delay_of(policy.on_exit(t0 + seconds(61), {}, true)), milliseconds(0));
}

TEST(RestartPolicy, AHopelessFirstStartGivesUpWithItsCode) {
    for (int code : {3, 4, 64, 66, 73, 78})
        EXPECT_EQ(without_jitter().on_exit(t0, {code}, false), RestartDecision(GiveUp{code}));
}

TEST(RestartPolicy, OtherCodesAreTriedAgainAtTheFirstStart) {
    for (int code : {0, 1, 2, 5, 65, 69, 70, 71, 75, 76, 255})
        EXPECT_TRUE(std::holds_alternative<Restart>(without_jitter().on_exit(t0, {code}, false)))
            << code;
}

TEST(RestartPolicy, OnceTheServerWasReadyNothingGivesUp) {
    auto policy = without_jitter();
    EXPECT_EQ(delay_of(policy.on_exit(t0, {exit_code::model_failed}, true)), milliseconds(100));
}

TEST(RestartPolicy, JitterStaysWithinItsPart) {
    RestartPolicy policy({}, 42);
    for (int death = 0; death < 50; ++death) {
        const auto delay = delay_of(policy.on_exit(t0, {70}, true));
        EXPECT_GE(delay, milliseconds(80));
        EXPECT_LE(delay, milliseconds(36'000));
    }
}

}  // namespace
}  // namespace tutti::policy
