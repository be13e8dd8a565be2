// SPDX-License-Identifier: Apache-2.0
#include "policy/drain_plan.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tutti::policy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

const DrainPlan::Time kStart{seconds(1000)};

std::vector<milliseconds> moments(const DrainPlan& plan, std::uint64_t count) {
    std::vector<milliseconds> all;
    for (std::uint64_t seed = 0; seed < count; ++seed)
        all.push_back(std::chrono::duration_cast<milliseconds>(plan.moment_of(seed) - kStart));
    std::ranges::sort(all);
    return all;
}

TEST(DrainPlan, BeforeADrainNothingEnds) {
    const DrainPlan plan;
    EXPECT_FALSE(plan.is_draining());
    EXPECT_EQ(plan.step_of(kStart, 1), DrainStep::stay);
    EXPECT_EQ(plan.ends_at(), DrainPlan::Time::max());
}

TEST(DrainPlan, AStreamStaysThenGoesAfterItsUtteranceThenIsInterruptedThenCutOff) {
    DrainPlan plan;
    plan.on_drain(kStart, {.pre_stop = seconds(2), .limit = seconds(30)});
    EXPECT_EQ(plan.closes_at(), kStart + seconds(2));
    EXPECT_EQ(plan.ends_at(), kStart + seconds(32));
    const struct {
        milliseconds at;
        DrainStep step;
    } rows[] = {
        {milliseconds(1999), DrainStep::stay},
        {milliseconds(2000), DrainStep::go_when_done},
        {milliseconds(29999), DrainStep::go_when_done},
        {milliseconds(30000), DrainStep::go_now},
        {milliseconds(31749), DrainStep::go_now},
        {milliseconds(31750), DrainStep::cut_off},
    };
    for (const auto& row : rows)
        EXPECT_EQ(plan.step_of(kStart + row.at, 7), row.step) << row.at.count();
}

TEST(DrainPlan, MomentsAreSpreadEvenlyOverTheSpread) {
    DrainPlan plan;
    plan.on_drain(kStart, {seconds(2), seconds(20), seconds(60)});
    const auto all = moments(plan, 10'000);
    EXPECT_GE(all.front(), seconds(2));
    EXPECT_LT(all.back(), seconds(22));
    for (int second = 2; second < 22; ++second) {
        const auto within = std::ranges::count_if(all, [&](milliseconds at) {
            return at >= seconds(second) && at < seconds(second + 1);
        });
        EXPECT_NEAR(static_cast<double>(within), 500, 100) << second;
    }
}

TEST(DrainPlan, TheSpreadEndsBeforeTheLastWords) {
    DrainPlan plan;
    plan.on_drain(kStart, {.close_spread = seconds(20), .limit = seconds(4)});
    EXPECT_LT(moments(plan, 1000).back(), seconds(3));
    EXPECT_EQ(plan.step_of(kStart + seconds(3), 1), DrainStep::go_now);
}

TEST(DrainPlan, APatientDrainTellsNobodyToGo) {
    DrainPlan plan;
    plan.on_drain(kStart, {.pre_stop = seconds(1), .close_spread = seconds(5)});
    EXPECT_TRUE(plan.is_draining());
    EXPECT_FALSE(plan.has_limit());
    EXPECT_EQ(plan.step_of(kStart + std::chrono::hours(100), 3), DrainStep::stay);
}

TEST(DrainPlan, AFurtherDrainOnlyShortens) {
    DrainPlan plan;
    plan.on_drain(kStart, {.pre_stop = seconds(2)});
    plan.on_drain(kStart + seconds(10), {seconds(2), seconds(20), seconds(60)});
    EXPECT_EQ(plan.closes_at(), kStart + seconds(2));
    EXPECT_EQ(plan.ends_at(), kStart + seconds(72));
    EXPECT_GE(moments(plan, 100).front(), seconds(10));
    const auto before = moments(plan, 1000);
    plan.on_drain(kStart + seconds(12), {seconds(0), seconds(90), seconds(300)});
    EXPECT_EQ(plan.ends_at(), kStart + seconds(72));
    const auto after = moments(plan, 1000);
    for (std::size_t n = 0; n < after.size(); ++n) EXPECT_LE(after[n], before[n]);
    plan.on_drain(kStart + seconds(13), {.limit = seconds(2)});
    EXPECT_EQ(plan.ends_at(), kStart + seconds(15));
    EXPECT_EQ(plan.step_of(kStart + seconds(13), 5), DrainStep::go_when_done);
    EXPECT_EQ(plan.step_of(kStart + milliseconds(14'500), 5), DrainStep::go_now);
}

TEST(DrainPlan, AHurryEndsTheTimeBeforeTheStop) {
    DrainPlan plan;
    plan.on_drain(kStart, {.pre_stop = seconds(60), .limit = seconds(100)});
    plan.on_drain(kStart + seconds(1), {.limit = seconds(2)});
    EXPECT_EQ(plan.closes_at(), kStart + seconds(1));
}

}  // namespace
}  // namespace tutti::policy
