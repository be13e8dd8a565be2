// SPDX-License-Identifier: Apache-2.0
#include "policy/liveness.h"

#include <gtest/gtest.h>

namespace tutti::policy {
namespace {

using namespace std::chrono_literals;
using Verdict = Liveness::Verdict;
using std::chrono::milliseconds;

const Liveness::Time t0{1000h};
constexpr auto kTick = 500ms;

ThreadTimes times(char state, milliseconds running, milliseconds waiting) {
    return {state, running, waiting};
}

// Looks at a silent process every tick until something is to be done; returns when that is.
struct Watched {
    Liveness liveness{{.boot = 120s, .beat = 10s}, t0};
    Liveness::Observation seen{.is_starting = false, .last_beat = t0, .times = std::nullopt};

    std::chrono::nanoseconds condemned_after(std::chrono::nanoseconds up_to) {
        for (auto now = t0; now <= t0 + up_to; now += kTick)
            if (liveness.judge(now, seen) == Verdict::abort) return now - t0;
        return up_to + 1h;
    }
};

TEST(Liveness, ABeatingProcessLivesForEver) {
    Watched process;
    for (auto now = t0; now < t0 + 1h; now += kTick) {
        process.seen.last_beat = now - kTick;
        ASSERT_EQ(process.liveness.judge(now, process.seen), Verdict::alive);
    }
}

TEST(Liveness, SilenceBeyondTheLimitAbortsThenKills) {
    Watched process;
    EXPECT_EQ(process.condemned_after(20s), 10s + kTick);
    EXPECT_TRUE(process.liveness.is_condemned());
    EXPECT_EQ(process.liveness.judge(t0 + 12s, process.seen), Verdict::alive);
    // A condemned process has no way back, or it would linger half dead.
    process.seen.last_beat = t0 + 12s;
    EXPECT_EQ(process.liveness.judge(t0 + 12s + kTick, process.seen), Verdict::kill);
}

TEST(Liveness, AStoppedProcessIsNotStarved) {
    Watched process;
    process.seen.times = times('T', 100ms, 0ms);
    EXPECT_EQ(process.condemned_after(20s), 10s + kTick);
}

TEST(Liveness, AStartHasItsOwnLimit) {
    Watched process;
    process.seen.is_starting = true;
    EXPECT_EQ(process.condemned_after(200s), 120s + kTick);
    EXPECT_TRUE(process.liveness.was_starting());
}

TEST(Liveness, AfterALongStartTheFirstBeatHasItsFullTime) {
    Liveness liveness({.boot = 120s, .beat = 10s}, t0);
    for (auto now = t0; now < t0 + 100s; now += kTick)
        ASSERT_EQ(liveness.judge(now, {.is_starting = true, .last_beat = {}}), Verdict::alive);
    for (auto now = t0 + 100s; now <= t0 + 110s; now += kTick)
        ASSERT_EQ(liveness.judge(now, {.last_beat = t0 + 100s}), Verdict::alive);
    EXPECT_EQ(liveness.judge(t0 + 111s, {.last_beat = t0 + 100s}), Verdict::abort);
}

TEST(Liveness, TimeWithoutACpuDoesNotCount) {
    Watched process;
    // It gets 5 % of a CPU and would need ten minutes to its next beat.
    for (auto now = t0; now < t0 + 3min; now += kTick) {
        const auto passed = std::chrono::duration_cast<milliseconds>(now - t0);
        process.seen.times = times('R', passed / 20, passed - passed / 20);
        ASSERT_EQ(process.liveness.judge(now, process.seen), Verdict::alive)
            << passed.count() << " ms";
    }
}

TEST(Liveness, WhatHappenedWhileTheSupervisorSleptIsForgiven) {
    Watched process;
    EXPECT_EQ(process.liveness.judge(t0 + kTick, process.seen), Verdict::alive);
    EXPECT_EQ(process.liveness.judge(t0 + 60s, process.seen), Verdict::alive);
    process.seen.last_beat = t0 + 60s + kTick / 2;
    EXPECT_EQ(process.liveness.judge(t0 + 60s + kTick, process.seen), Verdict::alive);
    EXPECT_LT(process.liveness.silence(), 1s);
}

}  // namespace
}  // namespace tutti::policy
