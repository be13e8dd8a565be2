// SPDX-License-Identifier: Apache-2.0
// Leases, fencing, checkpoints and ends of jobs.
#include "store/store_fixture.h"

#include <gmock/gmock.h>

namespace tutti::store {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

class WorkerCalls : public StoreTest {
  protected:
    static Expired expire(Caller& store, Now now) {
        return store.call<Expired>(&JobStore::expire, now, 100u).value();
    }
    static Hold renew(Caller& store, const Job& job, Now now, Progress progress = {}) {
        return store.call<Hold>(&JobStore::renew, lease_of(job), progress, now).value();
    }
    static Hold checkpoint(Caller& store, const Job& job, Segment segment) {
        return store.call<Hold>(&JobStore::checkpoint, lease_of(job), segment).value();
    }
    static std::vector<Segment> checkpoints(Caller& store, const JobId& id) {
        return store.call<std::vector<Segment>>(&JobStore::load_checkpoints, id).value();
    }
    static std::int64_t fenced(Caller& store) {
        return store.call<StoreStats>(&JobStore::load_stats)->fenced;
    }
};

TEST_F(WorkerCalls, ALeaseCountsTheAttemptBeforeItsWorkerHearsOfIt) {
    Caller store = open();
    const Job job = store.submit();
    const auto leased = store.lease();
    ASSERT_TRUE(leased);
    EXPECT_EQ(leased->id, job.id);
    EXPECT_EQ(leased->course.attempts, 1);
    EXPECT_EQ(leased->epoch, 1);
    EXPECT_EQ(leased->worker, kWorker);
    const Job found = store.find(job.id);
    EXPECT_EQ(found.course, leased->course);
    EXPECT_EQ(found.lease_until, kStart.boot + seconds(30));
    EXPECT_FALSE(store.lease());
}

TEST_F(WorkerCalls, ClassesAreServedByRankThenByAge) {
    Caller store = open();
    const Job batch = store.submit({.job_class = JobClass::batch});
    const Job standard = store.submit({.job_class = JobClass::standard});
    const Job older = store.submit({.job_class = JobClass::interactive});
    const Job newer = store.submit({.job_class = JobClass::interactive});
    for (const Job& expected : {older, newer, standard, batch})
        EXPECT_EQ(store.lease()->id, expected.id);
}

TEST_F(WorkerCalls, BatchGetsEveryTenthLease) {
    Caller store = open();
    for (int i = 0; i < 20; ++i) store.submit({.job_class = JobClass::interactive});
    for (int i = 0; i < 2; ++i) store.submit({.job_class = JobClass::batch});
    std::vector<int> batch_turns;
    for (int turn = 0; turn < 20; ++turn)
        if (store.lease()->job_class == JobClass::batch) batch_turns.push_back(turn);
    EXPECT_THAT(batch_turns, testing::ElementsAre(9, 19));
}

TEST_F(WorkerCalls, AJobWaitsForItsTime) {
    Caller store = open();
    const Job later = store.submit({.not_before = at(seconds(10)).wall});
    EXPECT_FALSE(store.lease(at(seconds(9))));
    const Job now = store.submit();
    EXPECT_EQ(store.lease(at(seconds(9)))->id, now.id);
    EXPECT_EQ(store.lease(at(seconds(10)))->id, later.id);
}

TEST_F(WorkerCalls, AJobPastItsDeadlineIsNeverStarted) {
    Caller store = open();
    const Job late = store.submit({.deadline = at(seconds(5)).wall});
    const Job good = store.submit();
    EXPECT_EQ(store.lease(at(seconds(5)))->id, good.id);
    const Job ended = store.find(late.id);
    EXPECT_EQ(ended.state(), JobState::expired);
    EXPECT_EQ(ended.reason, "deadline");
    EXPECT_EQ(ended.course.attempts, 0);
}

TEST_F(WorkerCalls, ADeadlineStopsARunningJob) {
    Caller store = open();
    const Job job = store.submit({.deadline = at(seconds(5)).wall});
    const Job leased = *store.lease();
    EXPECT_EQ(expire(store, at(seconds(4))).deadlines, 0u);
    EXPECT_EQ(expire(store, at(seconds(5))).deadlines, 1u);
    EXPECT_EQ(renew(store, leased, at(seconds(6))), Hold::cancel_wanted);
    EXPECT_EQ(store.finish(leased).state, JobState::expired);
    EXPECT_EQ(store.state_of(job.id), JobState::expired);
}

TEST_F(WorkerCalls, RenewalsCarryProgressAndKeepTheLease) {
    Caller store = open();
    const Job job = store.submit();
    const Job leased = *store.lease();
    EXPECT_EQ(renew(store, leased, at(seconds(20)), {.audio_position = seconds(40)}), Hold::held);
    EXPECT_EQ(expire(store, at(seconds(49))).leases, 0u);
    EXPECT_EQ(store.find(job.id).audio_position, seconds(40));
    // Segments end out of order; what is told never goes back.
    renew(store, leased, at(seconds(21)), {.audio_position = seconds(30)});
    EXPECT_EQ(store.find(job.id).audio_position, seconds(40));
    EXPECT_EQ(expire(store, at(seconds(51))).leases, 1u);
    EXPECT_EQ(store.state_of(job.id), JobState::queued);
    EXPECT_EQ(renew(store, leased, at(seconds(52))), Hold::lost);
}

TEST_F(WorkerCalls, ALateResultIsRefusedAndCounted) {
    Caller store = open();
    const Job job = store.submit();
    const Job first = *store.lease();
    expire(store, at(seconds(31)));
    EXPECT_TRUE(store.finish(first, "late").is_fenced);
    const Job second = *store.lease(at(seconds(31)), {"worker-2"});
    EXPECT_EQ(second.epoch, 2);
    EXPECT_TRUE(store.finish(first, "late").is_fenced);
    EXPECT_TRUE(store.fail(first, {Failure::Kind::permanent, "x", ""}).is_fenced);
    EXPECT_EQ(checkpoint(store, first, {0, "late"}), Hold::lost);
    EXPECT_FALSE(store.finish(second, "good").is_fenced);
    EXPECT_TRUE(store.finish(second, "twice").is_fenced);
    EXPECT_EQ(store.call<ResultLookup>(&JobStore::load_result, kTenant, job.id)->result, "good");
    EXPECT_EQ(fenced(store), 4);
}

TEST_F(WorkerCalls, AWallClockThatJumpsExpiresNoLease) {
    Caller store = open();
    const Job job = store.submit();
    store.lease();
    for (hours jump : {hours(1), hours(-1)})
        EXPECT_EQ(expire(store, {kStart.wall + jump, kStart.boot + seconds(1)}).leases, 0u);
    EXPECT_EQ(store.state_of(job.id), JobState::running);
}

TEST_F(WorkerCalls, TransientFailuresBackOffAndEndAfterFiveAttempts) {
    Caller store = open();
    const Job job = store.submit();
    const std::vector<seconds> pauses{seconds(1), seconds(2), seconds(4), seconds(8)};
    milliseconds now{};
    for (seconds pause : pauses) {
        const auto leased = store.lease(at(now));
        ASSERT_TRUE(leased);
        store.fail(*leased, {Failure::Kind::transient, "engine_gone", "no engine"}, at(now));
        EXPECT_FALSE(store.lease(at(now + pause - milliseconds(1))));
        now += pause;
    }
    store.fail(*store.lease(at(now)), {Failure::Kind::transient, "engine_gone", "no engine"});
    const Job ended = store.find(job.id);
    EXPECT_EQ(ended.state(), JobState::failed);
    EXPECT_EQ(ended.course.attempts, 5);
    EXPECT_EQ(ended.reason, "engine_gone");
    EXPECT_EQ(ended.message, "no engine");
}

TEST_F(WorkerCalls, APermanentFailureIsFinal) {
    Caller store = open();
    const Job job = store.submit();
    store.fail(*store.lease(), {Failure::Kind::permanent, "undecodable_audio", "not audio"});
    EXPECT_EQ(store.state_of(job.id), JobState::failed);
    EXPECT_FALSE(store.lease(at(hours(24))));
}

TEST_F(WorkerCalls, ADeadWorkersJobsAreFreeAtOnceAndTheThirdCrashQuarantines) {
    Caller store = open();
    const Job poison = store.submit();
    for (int crash = 1; crash <= 3; ++crash) {
        const auto leased = store.lease(kStart, {"w" + std::to_string(crash)});
        ASSERT_TRUE(leased);
        EXPECT_EQ(policy::runs_alone(leased->course), crash == 3);
        const auto released =
            store.call<std::size_t>(&JobStore::release, leased->worker, WorkerEnd::crashed, kStart);
        EXPECT_EQ(released.value(), 1u);
    }
    const Job ended = store.find(poison.id);
    EXPECT_EQ(ended.state(), JobState::dead);
    EXPECT_EQ(ended.reason, "crashed_engine");
    EXPECT_FALSE(store.lease(at(hours(24))));
}

TEST_F(WorkerCalls, ReleaseTouchesNobodyElsesJobs) {
    Caller store = open();
    const Job mine = store.submit();
    const Job other = store.submit();
    store.lease(kStart, {"a"});
    store.lease(kStart, {"b"});
    store.call<std::size_t>(&JobStore::release, WorkerId{"a"}, WorkerEnd::left, kStart).value();
    EXPECT_EQ(store.state_of(mine.id), JobState::queued);
    EXPECT_EQ(store.find(mine.id).course.attempts, 0);
    EXPECT_EQ(store.state_of(other.id), JobState::running);
}

TEST_F(WorkerCalls, ACancelReachesTheWorkerAndEndsAsCancelledWhoeverWins) {
    Caller store = open();
    const Job stops = store.submit();
    const Job finishes = store.submit();
    const Job a = *store.lease();
    const Job b = *store.lease();
    for (const Job& job : {stops, finishes})
        EXPECT_EQ(store.cancel(job.id).state, JobState::cancelling);
    EXPECT_EQ(renew(store, a, kStart), Hold::cancel_wanted);
    EXPECT_EQ(checkpoint(store, a, {0, "part"}), Hold::cancel_wanted);
    const auto stopped = store.call<Ending>(&JobStore::stopped, lease_of(a), kStart).value();
    EXPECT_EQ(stopped.state, JobState::cancelled);
    EXPECT_EQ(store.finish(b, "whole").state, JobState::cancelled);
    EXPECT_FALSE(
        store.call<ResultLookup>(&JobStore::load_result, kTenant, finishes.id)->result.has_value());
    EXPECT_EQ(checkpoints(store, stops.id).size(), 1u);  // a partial transcript may be asked for
}

TEST_F(WorkerCalls, StoppedWithoutACancelChangesNothing) {
    Caller store = open();
    store.submit();
    const Job leased = *store.lease();
    const auto stopped = store.call<Ending>(&JobStore::stopped, lease_of(leased), kStart).value();
    EXPECT_EQ(stopped.state, JobState::running);
}

TEST_F(WorkerCalls, TheNextAttemptFindsTheCheckpointsInOrder) {
    Caller store = open();
    const Job job = store.submit();
    const Job first = *store.lease();
    for (int index : {2, 0, 1})
        checkpoint(store, first, {index, "segment " + std::to_string(index)});
    expire(store, at(minutes(1)));
    const Job second = *store.lease(at(minutes(1)));
    checkpoint(store, second, {1, "segment 1"});
    const auto kept = checkpoints(store, job.id);
    ASSERT_EQ(kept.size(), 3u);
    for (int index = 0; index < 3; ++index) {
        EXPECT_EQ(kept[static_cast<std::size_t>(index)].index, index);
        EXPECT_EQ(kept[static_cast<std::size_t>(index)].payload,
                  "segment " + std::to_string(index));
    }
    store.finish(second);
    EXPECT_TRUE(checkpoints(store, job.id).empty());
}

TEST_F(WorkerCalls, SilentWorkersUseUpTheAttempts) {
    Caller store = open();
    const Job job = store.submit();
    for (int attempt = 0; attempt < 5; ++attempt) {
        ASSERT_TRUE(store.lease(at(minutes(attempt))));
        EXPECT_EQ(expire(store, at(minutes(attempt) + seconds(30))).leases, 1u);
    }
    const Job ended = store.find(job.id);
    EXPECT_EQ(ended.state(), JobState::dead);
    EXPECT_EQ(ended.reason, "lease_expired");
}

}  // namespace
}  // namespace tutti::store
