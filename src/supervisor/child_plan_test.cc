// SPDX-License-Identifier: Apache-2.0
#include "supervisor/child_plan.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::supervisor {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsSupersetOf;
using testing::Not;

std::vector<std::string> names(const std::vector<PlannedChild>& plan) {
    std::vector<std::string> out;
    for (const auto& child : plan) out.push_back(child.name);
    return out;
}

TEST(ChildPlan, ADefaultConfigurationHasOneEngineOneScribeAndTwoGateways) {
    const auto plan = plan_children(config::Config{}, 2);
    EXPECT_THAT(names(plan), ElementsAre("engine en-us 0", "engine silero 0", "scribe 0",
                                         "gateway 0", "gateway 1"));
    EXPECT_EQ(plan[0].program, "tutti-engine-pocketsphinx");
    EXPECT_THAT(plan[0].flags, IsSupersetOf({"--cores", "2"}));
    EXPECT_THAT(plan[0].flags, Not(Contains("--whole-threads")));
    EXPECT_THAT(plan[4].flags, ElementsAre("role", "gateway"));
}

TEST(ChildPlan, ReplicasShareTheCoresAndGatewaysGrowWithThem) {
    config::Config config;
    config.models = {"en-us", "tone"};
    config.known_models[0].replicas = 2;
    config.known_models[0].live_threads = 3;
    const auto plan = plan_children(config, 8);
    EXPECT_EQ(plan.size(), 3u + 1 + 4);
    EXPECT_THAT(plan[0].flags, IsSupersetOf({"--cores", "4", "--live-threads", "3"}));
    EXPECT_EQ(plan[2].model, "tone");
}

TEST(ChildPlan, ThreadsAreToldToTheEngineOnlyWhenTheyAreSet) {
    config::Config config;
    config.known_models[0].whole_threads = 3;
    config.known_models[0].live_threads = 5;
    EXPECT_THAT(plan_children(config, 2)[0].flags,
                IsSupersetOf({"--whole-threads", "3", "--live-threads", "5"}));
}

TEST(ChildPlan, AnEngineIsToldWhatItsStreamsAreHeardWith) {
    config::Config config;
    EXPECT_THAT(plan_children(config, 2)[0].flags, Not(Contains("--vad")));
    config.known_models[0].vad = "silero";
    EXPECT_THAT(plan_children(config, 2)[0].flags, IsSupersetOf({"--vad", "installed"}));
    config.known_models.back().directory = "/srv/silero";
    EXPECT_THAT(plan_children(config, 2)[0].flags, IsSupersetOf({"--vad", "/srv/silero"}));
}

}  // namespace
}  // namespace tutti::supervisor
