// SPDX-License-Identifier: Apache-2.0
#include "policy/job_state.h"

#include <gtest/gtest.h>

#include <map>
#include <set>
#include <string>
#include <vector>

namespace tutti::policy {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using enum JobState;
using Event = JobEvent;

const std::vector<JobState> kAllStates{queued, running,   cancelling, succeeded,
                                       failed, cancelled, expired,    dead};
const std::map<std::string, Event> kAllEvents{
    {"lease", Event::lease},
    {"renew", Event::renew},
    {"checkpoint", Event::checkpoint},
    {"finish", Event::finish},
    {"fail_transient", Event::fail_transient},
    {"fail_permanent", Event::fail_permanent},
    {"worker_crashed", Event::worker_crashed},
    {"worker_left", Event::worker_left},
    {"worker_stopped", Event::worker_stopped},
    {"cancel", Event::cancel},
    {"deadline_passed", Event::deadline_passed},
    {"lease_expired", Event::lease_expired},
    {"retry", Event::retry},
};

// Every event that is allowed, of a job in its first attempt; all others must be refused.
const std::map<JobState, std::map<std::string, JobState>> kTable{
    {queued, {{"lease", running}, {"cancel", cancelled}, {"deadline_passed", expired}}},
    {running,
     {{"renew", running},
      {"checkpoint", running},
      {"finish", succeeded},
      {"fail_transient", queued},
      {"fail_permanent", failed},
      {"worker_crashed", queued},
      {"worker_left", queued},
      {"lease_expired", queued},
      {"cancel", cancelling},
      {"deadline_passed", cancelling}}},
    {cancelling,
     {{"renew", cancelling},
      {"checkpoint", cancelling},
      {"cancel", cancelling},
      {"finish", cancelled},
      {"fail_transient", cancelled},
      {"fail_permanent", cancelled},
      {"worker_crashed", cancelled},
      {"worker_left", cancelled},
      {"worker_stopped", cancelled},
      {"lease_expired", cancelled}}},
    {succeeded, {}},
    {failed, {{"retry", queued}}},
    {cancelled, {{"cancel", cancelled}, {"retry", queued}}},
    {expired, {{"retry", queued}}},
    {dead, {{"retry", queued}}},
};

JobCourse course_in(JobState state) {
    JobCourse course{.state = state, .attempts = 1};
    if (state == cancelling) course.stop = StopCause::client;
    return course;
}

TEST(JobState, EveryEventInEveryStateLeadsWhereTheTableSays) {
    for (JobState state : kAllStates) {
        const auto& row = kTable.at(state);
        for (const auto& [name, event] : kAllEvents) {
            const JobStep step = next_step(course_in(state), event, 0.5);
            const auto expected = row.find(name);
            EXPECT_EQ(step.is_allowed, expected != row.end()) << name_of(state) << " " << name;
            if (expected != row.end())
                EXPECT_EQ(step.after.state, expected->second) << name_of(state) << " " << name;
            else
                EXPECT_EQ(step.after, course_in(state)) << name_of(state) << " " << name;
        }
    }
}

TEST(JobState, AJobThatItsDeadlineStoppedEndsExpired) {
    JobCourse course = next_step(course_in(running), Event::deadline_passed).after;
    // A cancel that comes later is heard, and changes nothing about why it ends.
    course = next_step(course, Event::cancel).after;
    for (Event end : {Event::finish, Event::worker_stopped, Event::lease_expired}) {
        const JobStep step = next_step(course, end);
        EXPECT_EQ(step.after.state, expired);
        EXPECT_EQ(step.reason, "deadline");
    }
}

// One attempt after another, each ended by `event`: the states seen after each.
std::vector<JobStep> attempts_ended_by(Event event, int count) {
    std::vector<JobStep> steps;
    JobCourse course;
    for (int i = 0; i < count && course.state == queued; ++i) {
        course = next_step(course, Event::lease).after;
        steps.push_back(next_step(course, event, 0.5));
        course = steps.back().after;
    }
    return steps;
}

TEST(JobState, TransientFailuresAreTriedFiveTimesWithDoublingPauses) {
    const auto steps = attempts_ended_by(Event::fail_transient, 10);
    ASSERT_EQ(steps.size(), 5u);
    const std::vector<seconds> pauses{seconds(1), seconds(2), seconds(4), seconds(8)};
    for (std::size_t i = 0; i < pauses.size(); ++i) {
        EXPECT_EQ(steps[i].after.state, queued);
        EXPECT_EQ(steps[i].delay, pauses[i]);  // random 0.5 of 2, 4, 8, 16 s
    }
    EXPECT_EQ(steps.back().after.state, failed);
    EXPECT_EQ(steps.back().delay, milliseconds(0));
}

TEST(JobState, TheThirdCrashQuarantines) {
    const auto steps = attempts_ended_by(Event::worker_crashed, 10);
    ASSERT_EQ(steps.size(), 3u);
    EXPECT_FALSE(runs_alone(steps[0].after));
    EXPECT_TRUE(runs_alone(steps[1].after));
    EXPECT_EQ(steps[0].delay + steps[1].delay, milliseconds(0));
    EXPECT_EQ(steps[2].after.state, dead);
    EXPECT_EQ(steps[2].reason, "crashed_engine");
    EXPECT_EQ(steps[2].after.crashes, 3);
}

TEST(JobState, LeasesThatExpireAreTriedAgainAtOnceAndEndDead) {
    const auto steps = attempts_ended_by(Event::lease_expired, 10);
    ASSERT_EQ(steps.size(), 5u);
    for (const JobStep& step : steps) EXPECT_EQ(step.delay, milliseconds(0));
    EXPECT_EQ(steps.back().after.state, dead);
    EXPECT_EQ(steps.back().reason, "lease_expired");
}

TEST(JobState, AnOrderlyEndOfTheWorkerCostsNoAttempt) {
    const auto steps = attempts_ended_by(Event::worker_left, 20);
    ASSERT_EQ(steps.size(), 20u);
    EXPECT_EQ(steps.back().after, JobCourse{});
}

TEST(JobState, ACrashInTheLastAttemptIsTheEnd) {
    const JobCourse course{.state = running, .attempts = kMaxAttempts};
    EXPECT_EQ(next_step(course, Event::worker_crashed).after.state, dead);
}

TEST(JobState, ARetryByHandBeginsAfresh) {
    const JobCourse course{.state = dead, .attempts = 3, .crashes = 3};
    EXPECT_EQ(next_step(course, Event::retry).after, JobCourse{});
}

TEST(JobState, BackOffIsFullJitterUpToTenMinutes) {
    EXPECT_EQ(back_off(1, 0), milliseconds(0));
    EXPECT_EQ(back_off(1, 0.999), milliseconds(1998));
    EXPECT_EQ(back_off(9, 1), seconds(512));
    EXPECT_EQ(back_off(10, 1), seconds(600));
    EXPECT_EQ(back_off(1000, 1), seconds(600));
}

TEST(JobState, NamesRoundTrip) {
    std::set<std::string_view> names;
    for (JobState state : kAllStates) {
        EXPECT_EQ(parse_job_state(name_of(state)), state);
        names.insert(name_of(state));
    }
    EXPECT_EQ(names.size(), kAllStates.size());
    EXPECT_EQ(parse_job_state("lost"), std::nullopt);
    for (JobClass c : {JobClass::interactive, JobClass::standard, JobClass::batch})
        EXPECT_EQ(parse_job_class(name_of(c)), c);
    EXPECT_EQ(parse_job_class(""), std::nullopt);
}

TEST(JobState, EveryTenthLeaseLooksAtBatchFirst) {
    int batch_first = 0;
    for (std::uint64_t lease = 0; lease < 100; ++lease) {
        const auto order = class_order(lease);
        EXPECT_EQ(std::set<JobClass>(order.begin(), order.end()).size(), 3u);
        if (order.front() == JobClass::batch) ++batch_first;
    }
    EXPECT_EQ(batch_first, 10);
    EXPECT_EQ(class_order(0).front(), JobClass::interactive);
}

}  // namespace
}  // namespace tutti::policy
