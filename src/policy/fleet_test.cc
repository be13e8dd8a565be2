// SPDX-License-Identifier: Apache-2.0
#include "policy/fleet.h"

#include <gtest/gtest.h>

#include <functional>

namespace tutti::policy {
namespace {

using std::chrono::seconds;

constexpr std::uint64_t kMegabyte = 1'000'000;

Fleet::Time at(int second) {
    return Fleet::Time(seconds(1000 + second));
}

ModelView unloaded(std::string id) {
    return {.id = std::move(id), .estimate = 100 * kMegabyte};
}

ModelView loaded(std::string id, int last_used = 0) {
    auto model = unloaded(std::move(id));
    model.replicas = model.ready = 1;
    model.memory = 100 * kMegabyte;
    model.last_used = at(last_used);
    return model;
}

ModelView wanted(std::string id) {
    auto model = unloaded(std::move(id));
    model.is_wanted = true;
    return model;
}

std::string text_of(const std::vector<FleetChange>& changes) {
    std::string text;
    for (const auto& change : changes)
        text += (text.empty() ? "" : ", ") + change.model + "=" + std::to_string(change.replicas);
    return text;
}

std::string plan_once(const std::vector<ModelView>& models, std::uint64_t budget = 0,
                      int second = 0) {
    Fleet fleet;
    return text_of(fleet.plan(at(second), models, budget));
}

TEST(Fleet, LoadsWhatIsWaitedForOrKept) {
    EXPECT_EQ(plan_once({unloaded("a"), wanted("b")}), "b=1");
    auto kept = unloaded("a");
    kept.least = 2;
    auto pinned = unloaded("b");
    pinned.is_pinned = true;
    EXPECT_EQ(plan_once({kept, pinned}), "a=2, b=1");
    auto failed = wanted("a");
    failed.may_be_tried = false;
    EXPECT_EQ(plan_once({failed}), "");
    auto loading = wanted("a");
    loading.replicas = 1;
    EXPECT_EQ(plan_once({loading}), "") << "it is on its way";
}

TEST(Fleet, UnloadsWhatIsIdleForLong) {
    const auto idle_for = [](int second, const std::function<void(ModelView&)>& change) {
        auto model = loaded("a");
        model.idle_unload = seconds(60);
        change(model);
        return plan_once({model}, 0, second);
    };
    const auto nothing = [](ModelView&) {};
    EXPECT_EQ(idle_for(59, nothing), "");
    EXPECT_EQ(idle_for(60, nothing), "a=0");
    EXPECT_EQ(idle_for(60, [](auto& model) { model.is_used = true; }), "");
    EXPECT_EQ(idle_for(60, [](auto& model) { model.is_pinned = true; }), "");
    EXPECT_EQ(idle_for(60, [](auto& model) { model.least = 1; }), "");
    EXPECT_EQ(idle_for(60, [](auto& model) { model.is_wanted = true; }), "");
    EXPECT_EQ(idle_for(60, [](auto& model) { model.ready = 0; }), "") << "it still loads";
    EXPECT_EQ(idle_for(9999, [](auto& model) { model.idle_unload = seconds(0); }), "");
}

TEST(Fleet, MakesRoomWithTheLeastRecentlyUsed) {
    constexpr auto kTwo = 200 * kMegabyte;
    EXPECT_EQ(plan_once({loaded("a", 5), wanted("b")}, kTwo), "b=1") << "both fit";
    EXPECT_EQ(plan_once({loaded("a", 5), loaded("b", 3), wanted("c")}, kTwo), "b=0");
    EXPECT_EQ(plan_once({loaded("a", 3), loaded("b", 5), wanted("c")}, kTwo), "a=0");
    auto used = loaded("a", 3);
    used.is_used = true;
    EXPECT_EQ(plan_once({used, loaded("b", 5), wanted("c")}, kTwo), "b=0");
    auto also_used = loaded("b", 5);
    also_used.is_used = true;
    EXPECT_EQ(plan_once({used, also_used, wanted("c")}, kTwo), "") << "nobody is thrown out";
    auto large = wanted("c");
    large.estimate = kTwo;
    EXPECT_EQ(plan_once({loaded("a", 3), loaded("b", 5), large}, kTwo), "a=0, b=0");
    large.estimate = kTwo + 1;
    EXPECT_EQ(plan_once({loaded("a", 3), loaded("b", 5), large}, kTwo), "") << "it would not help";
}

TEST(Fleet, CountsAModelThatHasNotGrownYetAsGrown) {
    auto small = loaded("a", 3);
    small.memory = 10 * kMegabyte;
    auto other = loaded("b", 5);
    other.memory = 10 * kMegabyte;
    EXPECT_EQ(plan_once({small, other, wanted("c")}, 200 * kMegabyte), "a=0");
}

TEST(Fleet, GivesBackWhatIsOverTheBudget) {
    auto grown = loaded("b", 3);
    grown.memory = 150 * kMegabyte;
    EXPECT_EQ(plan_once({loaded("a", 1), grown}, 200 * kMegabyte), "a=0");
    grown.idle_unload = seconds(1);
    EXPECT_EQ(plan_once({loaded("a", 1), grown}, 200 * kMegabyte, 10), "b=0") << "that is enough";
    auto used = loaded("a", 1);
    used.is_used = true;
    EXPECT_EQ(plan_once({used, grown}, 100 * kMegabyte), "b=0");
}

TEST(Fleet, WaitsForMemoryThatIsStillTaken) {
    constexpr auto kTwo = 200 * kMegabyte;
    auto ending = unloaded("a");
    ending.memory = 100 * kMegabyte;
    EXPECT_EQ(plan_once({ending, loaded("b"), wanted("c")}, kTwo), "") << "a is about to end";
    ending.memory = 0;
    ending.ending = 1;
    EXPECT_EQ(plan_once({ending, loaded("b"), wanted("c")}, kTwo), "") << "it was not measured";
    ending.ending = 0;
    EXPECT_EQ(plan_once({ending, loaded("b"), wanted("c")}, kTwo), "c=1");
    auto loading = wanted("a");
    loading.replicas = 1;
    auto used = loaded("b");
    used.is_used = true;
    EXPECT_EQ(plan_once({loading, used, wanted("c")}, kTwo), "") << "a will need its memory";
    EXPECT_EQ(plan_once({wanted("a"), wanted("b"), wanted("c")}, kTwo), "a=1, b=1");
}

// Two processes that have had next to nothing to do for so long that one of them would go.
TEST(Fleet, ChangesAModelOnceARound) {
    struct Row {
        const char* about;
        std::function<void(ModelView&)> change;
        std::uint64_t budget;
        bool is_other_wanted;
        std::string plan;
    };
    static constexpr auto kNever = seconds(0);
    const Row rows[] = {
        {"load alone", [](auto& m) { m.idle_unload = kNever; }, 0, false, "a=1"},
        {"idle for long", [](auto& m) { m.idle_unload = seconds(60); }, 0, false, "a=0"},
        {"room for another", [](auto& m) { m.idle_unload = kNever; }, 200, true, "a=0"},
        {"no room is needed", [](auto& m) { m.idle_unload = kNever; }, 300, true, "b=1, a=1"},
        {"over the budget", [](auto& m) { m.idle_unload = kNever; }, 150, false, "a=0"},
        {"in use", [](auto& m) { m.is_used = true; }, 200, true, "a=1"},
    };
    for (const auto& row : rows) {
        Fleet fleet;
        auto model = loaded("a");
        model.replicas = model.ready = model.most = 2;
        model.memory = 200 * kMegabyte;
        model.load = 0.1;
        row.change(model);
        std::vector<ModelView> models = {model};
        (void)fleet.plan(at(0), models, 0);
        if (row.is_other_wanted) models.push_back(wanted("b"));
        EXPECT_EQ(text_of(fleet.plan(at(60), models, row.budget * kMegabyte)), row.plan)
            << row.about;
    }
}

TEST(Fleet, FollowsTheLoadWithinItsLimits) {
    Fleet fleet;
    std::vector<ModelView> models = {loaded("a")};
    auto& model = models[0];
    model.most = 2;
    model.load = 0.9;
    EXPECT_EQ(text_of(fleet.plan(at(0), models, 0)), "");
    model.load = 0.7;
    EXPECT_EQ(text_of(fleet.plan(at(2), models, 0)), "") << "the load fell for a moment";
    model.load = 0.9;
    EXPECT_EQ(text_of(fleet.plan(at(4), models, 0)), "");
    EXPECT_EQ(text_of(fleet.plan(at(5), models, 150 * kMegabyte)), "") << "no memory";
    EXPECT_EQ(text_of(fleet.plan(at(5), models, 0)), "a=2");
    model.replicas = 2;
    EXPECT_EQ(text_of(fleet.plan(at(6), models, 0)), "") << "the second is loading";
    model.ready = 2;
    EXPECT_EQ(text_of(fleet.plan(at(30), models, 0)), "") << "two are the most";
    model.load = 0.1;
    EXPECT_EQ(text_of(fleet.plan(at(31), models, 0)), "");
    EXPECT_EQ(text_of(fleet.plan(at(89), models, 0)), "");
    EXPECT_EQ(text_of(fleet.plan(at(90), models, 0)), "a=1");
    model.least = 2;
    EXPECT_EQ(text_of(fleet.plan(at(91), models, 0)), "");
}

}  // namespace
}  // namespace tutti::policy
