// SPDX-License-Identifier: Apache-2.0
// Retention, the change feed, figures, and the adapter for loops.
#include "store/on_loop.h"
#include "store/sqlite_writer.h"
#include "store/store_fixture.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <gmock/gmock.h>

#include <atomic>

namespace tutti::store {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

class Upkeep : public StoreTest {
  protected:
    static std::size_t purge(Caller& store, Retention retention, Now now) {
        return store.call<std::size_t>(&JobStore::purge, retention, now).value();
    }
    static std::vector<JobChange> changes(Caller& store, ChangeNumber after,
                                          std::size_t limit = 100) {
        return store.call<std::vector<JobChange>>(&JobStore::changes_since, after, limit).value();
    }
};

TEST_F(Upkeep, RetentionLeavesATombstoneThenNothing) {
    Caller store = open();
    const Job old = store.submit({.audio = {"spool/old", 1, ""}});
    store.finish(*store.lease(), "text", at(hours(1)));
    const Job fresh = store.submit();
    store.finish(*store.lease(), "text", at(hours(3)));
    const Job running = store.submit();
    store.lease();

    EXPECT_EQ(purge(store, {.finished_before = at(hours(2)).wall}, at(hours(4))), 1u);
    EXPECT_TRUE(store.look_up(old.id).is_gone);
    EXPECT_EQ(store.state_of(fresh.id), JobState::succeeded);
    EXPECT_EQ(store.state_of(running.id), JobState::running);
    EXPECT_EQ(store.call<std::vector<std::string>>(&JobStore::list_garbage, 10u)->size(), 1u);

    purge(store, {.tombstones_before = at(hours(4)).wall}, at(days(1)));
    EXPECT_TRUE(store.look_up(old.id).is_gone);
    purge(store, {.tombstones_before = at(hours(5)).wall}, at(days(1)));
    EXPECT_FALSE(store.look_up(old.id).is_gone);
}

TEST_F(Upkeep, PurgingStopsAtItsLimit) {
    Caller store = open();
    for (int i = 0; i < 5; ++i) store.cancel(store.submit().id);
    const Retention retention{.finished_before = at(hours(1)).wall, .limit = 2};
    EXPECT_EQ(purge(store, retention, at(hours(2))), 2u);
    EXPECT_EQ(purge(store, retention, at(hours(2))), 2u);
    EXPECT_EQ(purge(store, retention, at(hours(2))), 1u);
}

TEST_F(Upkeep, WatchersSeeEachJobsLatestChangeInOrder) {
    Caller store = open();
    const Job a = store.submit();
    const Job b = store.submit();
    EXPECT_EQ(changes(store, 0).size(), 2u);
    const Job leased = *store.lease();
    ASSERT_EQ(leased.id, a.id);
    store
        .call<Hold>(&JobStore::renew, lease_of(leased), Progress{.audio_position = seconds(7)},
                    kStart)
        .value();
    const auto after_b = changes(store, b.change);
    ASSERT_EQ(after_b.size(), 1u);
    EXPECT_EQ(after_b[0].job, a.id);
    EXPECT_EQ(after_b[0].state, JobState::running);
    EXPECT_EQ(after_b[0].attempt, 1);
    EXPECT_EQ(after_b[0].audio_position, seconds(7));
    EXPECT_TRUE(changes(store, after_b[0].change).empty());
    const auto first = changes(store, 0, 1);
    ASSERT_EQ(first.size(), 1u);
    EXPECT_EQ(first[0].job, b.id);  // a changed later
}

TEST_F(Upkeep, AFullQueueSaysBusyAtOnceAndLosesNothing) {
    Caller store = open();
    std::promise<void> go;
    std::promise<void> is_held;
    (*store).submit({}, kStart, [&](const Result<Submission>&) {
        is_held.set_value();
        go.get_future().wait();
    });
    is_held.get_future().wait();
    std::atomic<std::size_t> accepted{0};
    for (std::size_t i = 0; i < kMaxQueue; ++i)
        (*store).submit({}, kStart,
                        [&](const Result<Submission>& made) { accepted += made ? 1 : 0; });
    EXPECT_EQ(store.try_submit({}).error().errc(), Errc::busy);
    EXPECT_EQ(accepted, 0u);
    go.set_value();
    store.close();
    EXPECT_EQ(accepted, kMaxQueue);
    EXPECT_EQ(open().call<StoreStats>(&JobStore::load_stats)->queued,
              static_cast<std::int64_t>(kMaxQueue) + 1);
}

TEST_F(Upkeep, FiguresTellWhatWaits) {
    Caller store = open();
    store.submit();
    store.submit({.not_before = at(hours(1)).wall});
    store.lease();
    const auto stats = store.call<StoreStats>(&JobStore::load_stats).value();
    EXPECT_EQ(stats.queued, 1);
    EXPECT_EQ(stats.leased, 1);
    EXPECT_EQ(stats.fenced, 0);
    EXPECT_EQ(stats.last_change, 3);
}

boost::asio::awaitable<void> submit_and_find(JobStore& store, std::thread::id loop, bool& is_done) {
    auto submit = [&](Then<Submission> then) { store.submit({}, kStart, std::move(then)); };
    const Result<Submission> made = co_await on_loop<Submission>(submit);
    EXPECT_TRUE(std::this_thread::get_id() == loop);
    const JobId id = made.value().job->id;
    auto find = [&](Then<Lookup> then) { store.find(kTenant, id, std::move(then)); };
    const Result<Lookup> found = co_await on_loop<Lookup>(find);
    EXPECT_TRUE(std::this_thread::get_id() == loop);
    is_done = found.value().job.has_value();
}

boost::asio::awaitable<void> submit_nonsense(JobStore& store, bool& is_refused) {
    auto submit = [&](Then<Submission> then) {
        store.submit({.tenant = {""}}, kStart, std::move(then));
    };
    const Result<Submission> made = co_await on_loop<Submission>(submit);
    is_refused = !made.has_value();
}

TEST_F(Upkeep, ALoopAwaitsAnswersOnItsOwnThread) {
    Caller store = open();
    boost::asio::io_context loop(1);
    bool is_done = false;
    bool is_refused = false;
    const auto rethrow = [](const std::exception_ptr& failure) {
        if (failure) std::rethrow_exception(failure);
    };
    boost::asio::co_spawn(loop, submit_and_find(*store, std::this_thread::get_id(), is_done),
                          rethrow);
    boost::asio::co_spawn(loop, submit_nonsense(*store, is_refused), rethrow);
    loop.run();
    EXPECT_TRUE(is_done);
    EXPECT_TRUE(is_refused);
}

TEST_F(Upkeep, ALoopThatEndsEarlyLosesNothingButTheAnswer) {
    Caller store = open();
    bool is_done = false;
    {
        boost::asio::io_context loop(1);
        boost::asio::co_spawn(loop, submit_and_find(*store, std::this_thread::get_id(), is_done),
                              [](const std::exception_ptr&) {});
        loop.poll();  // begins; whether the answer comes before the loop is gone is open
        store.close();
    }
    EXPECT_FALSE(is_done);
    Caller again = open();
    EXPECT_EQ(again.call<StoreStats>(&JobStore::load_stats)->queued, 1);
}

}  // namespace
}  // namespace tutti::store
