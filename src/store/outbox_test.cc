// SPDX-License-Identifier: Apache-2.0
// The outbox of webhook events.
#include "store/store_fixture.h"

#include <gmock/gmock.h>

#include <map>

namespace tutti::store {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;
using testing::ElementsAre;
using Events = std::vector<WebhookEvent>;

class Outbox : public StoreTest {
  protected:
    Outbox() {
        rules_.render_event = [](const Job& job) -> std::optional<std::string> {
            if (!policy::is_final(job.state())) return std::nullopt;
            return job.id.value + " " + std::string(policy::name_of(job.state()));
        };
    }
    static Events take(Caller& store, Now now = kStart, DueRequest request = {}) {
        return store.call<Events>(&JobStore::take_due, request, now).value();
    }
    static bool record(Caller& store, const WebhookEvent& event, AfterAttempt after,
                       int status = 200) {
        const DeliveryAttempt attempt{event.attempt, kStart.wall, status, milliseconds(12),
                                      "answer"};
        return store.call<bool>(&JobStore::record_attempt, event.id, attempt, after).value();
    }
    static Job end_job(Caller& store, const std::vector<std::string>& endpoints) {
        const Job job = store.submit({.endpoints = endpoints});
        store.cancel(job.id);
        return job;
    }
};

TEST_F(Outbox, AnEndIsToldToEachEndpointOnce) {
    Caller store = open();
    const Job job = store.submit({.endpoints = {"a", "b", "a"}});
    store.submit();  // has nobody to tell
    EXPECT_TRUE(take(store).empty());
    store.finish(*store.lease());
    const Events events = take(store);
    ASSERT_EQ(events.size(), 2u);
    EXPECT_EQ(events[0].endpoint, "a");
    EXPECT_EQ(events[1].endpoint, "b");
    EXPECT_NE(events[0].id, events[1].id);
    for (const auto& event : events) {
        EXPECT_EQ(event.payload, job.id.value + " succeeded");
        EXPECT_EQ(event.job, job.id);
        EXPECT_EQ(event.sequence, store.find(job.id).change);
        EXPECT_EQ(event.attempt, 1);
        EXPECT_EQ(event.id.find('.'), std::string::npos);
    }
    EXPECT_TRUE(take(store).empty());
}

TEST_F(Outbox, EveryKindOfEndIsTold) {
    Caller store = open();
    const auto submit = [&] { return store.submit({.endpoints = {"a"}}); };
    std::vector<std::string> expected;
    expected.push_back(submit().id.value + " failed");
    store.fail(*store.lease(), {Failure::Kind::permanent, "x", ""});
    const Job cancelled = submit();
    store.cancel(cancelled.id);
    expected.push_back(cancelled.id.value + " cancelled");
    const Job expired = store.submit({.deadline = at(seconds(1)).wall, .endpoints = {"a"}});
    store.call<Expired>(&JobStore::expire, at(seconds(1)), 10u).value();
    expected.push_back(expired.id.value + " expired");
    std::vector<std::string> told;
    for (const auto& event : take(store, at(seconds(1)))) told.push_back(event.payload);
    EXPECT_EQ(told, expected);
}

TEST_F(Outbox, ASenderThatDiesIsFollowedByAnotherWithTheSameId) {
    Caller store = open();
    end_job(store, {"a"});
    const Events first = take(store);
    EXPECT_TRUE(take(store, at(seconds(59))).empty());
    const Events second = take(store, at(seconds(60)));
    ASSERT_EQ(second.size(), 1u);
    EXPECT_EQ(second[0].id, first[0].id);
    EXPECT_EQ(second[0].attempt, 2);
    // What the first one says now is logged, and decides nothing.
    EXPECT_FALSE(record(store, first[0], {DeliveryState::given_up, {}}));
    EXPECT_TRUE(record(store, second[0], {DeliveryState::delivered, {}}));
    EXPECT_TRUE(take(store, at(hours(1))).empty());
    const auto history =
        store.call<std::optional<EventHistory>>(&JobStore::load_event, kTenant, first[0].id)
            .value();
    EXPECT_EQ(history->event.state, DeliveryState::delivered);
    ASSERT_EQ(history->attempts.size(), 2u);
    EXPECT_EQ(history->attempts[1].status, 200);
    EXPECT_EQ(history->attempts[1].latency, milliseconds(12));
    EXPECT_EQ(history->attempts[1].note, "answer");
}

TEST_F(Outbox, AFailedAttemptIsDueAgainWhenItsSenderSays) {
    Caller store = open();
    end_job(store, {"a"});
    const Events first = take(store);
    EXPECT_TRUE(record(store, first[0], {DeliveryState::pending, at(minutes(5)).wall}, 500));
    EXPECT_TRUE(take(store, at(minutes(5) - milliseconds(1))).empty());
    const Events second = take(store, at(minutes(5)));
    ASSERT_EQ(second.size(), 1u);
    record(store, second[0], {DeliveryState::given_up, {}}, 500);
    EXPECT_TRUE(take(store, at(hours(24))).empty());
}

TEST_F(Outbox, AReplayTellsAgainWithTheSameIdInANewRound) {
    Caller store = open();
    end_job(store, {"a"});
    const WebhookEvent event = take(store).at(0);
    record(store, event, {DeliveryState::delivered, {}});
    const auto replay = [&](const TenantId& tenant) {
        return store.call<bool>(&JobStore::replay, tenant, event.id, kStart).value();
    };
    EXPECT_FALSE(replay({"other"}));
    EXPECT_TRUE(replay(kTenant));
    const Events again = take(store);
    ASSERT_EQ(again.size(), 1u);
    EXPECT_EQ(again[0].id, event.id);
    EXPECT_EQ(again[0].payload, event.payload);
    EXPECT_EQ(again[0].attempt, 2);
    EXPECT_EQ(again[0].attempt_of_round, 1);
}

TEST_F(Outbox, ABusyEndpointDelaysNoOther) {
    Caller store = open();
    for (int i = 0; i < 20; ++i) end_job(store, {"slow"});
    end_job(store, {"zeta"});
    std::map<std::string, int> taken;
    for (const auto& event : take(store)) ++taken[event.endpoint];
    EXPECT_EQ(taken, (std::map<std::string, int>{{"slow", 4}, {"zeta", 1}}));
    EXPECT_TRUE(take(store).empty());
}

TEST_F(Outbox, EndpointsTakeTurns) {
    Caller store = open();
    for (const char* endpoint : {"a", "b", "c"})
        for (int i = 0; i < 3; ++i) end_job(store, {endpoint});
    std::vector<std::string> order;
    for (int i = 0; i < 6; ++i)
        order.push_back(take(store, kStart, {.limit = 1, .per_endpoint = 4}).at(0).endpoint);
    EXPECT_THAT(order, ElementsAre("a", "b", "c", "a", "b", "c"));
}

TEST_F(Outbox, AJobIsNotPurgedBeforeItsEventsAreSettled) {
    Caller store = open();
    const Job job = end_job(store, {"a"});
    const Retention retention{.finished_before = at(hours(1)).wall};
    const auto purge = [&] {
        return store.call<std::size_t>(&JobStore::purge, retention, at(hours(2))).value();
    };
    EXPECT_EQ(purge(), 0u);
    const WebhookEvent event = take(store).at(0);
    record(store, event, {DeliveryState::delivered, {}});
    EXPECT_EQ(purge(), 1u);
    EXPECT_TRUE(store.look_up(job.id).is_gone);
    EXPECT_FALSE(
        store.call<std::optional<EventHistory>>(&JobStore::load_event, kTenant, event.id).value());
}

}  // namespace
}  // namespace tutti::store
