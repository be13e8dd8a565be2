// SPDX-License-Identifier: Apache-2.0
#include "policy/job_state.h"

#include <algorithm>
#include <cmath>

namespace tutti::policy {
namespace {

constexpr std::array<std::string_view, kJobStates> kStateNames{
    "queued", "running", "cancelling", "succeeded", "failed", "cancelled", "expired", "dead"};
constexpr std::array<std::string_view, kJobClasses> kClassNames{"interactive", "standard", "batch"};

constexpr std::uint64_t kBatchTurn = 10;

template <class Enum, std::size_t N>
std::optional<Enum> parse(const std::array<std::string_view, N>& names, std::string_view name) {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return std::nullopt;
    return static_cast<Enum>(found - names.begin());
}

JobStep step_to(JobCourse after, JobState state, std::string_view reason = {}) {
    after.state = state;
    return {true, after, reason, {}};
}

JobStep refuse(const JobCourse& course) {
    return {false, course, {}, {}};
}

JobStep from_queued(const JobCourse& course, JobEvent event) {
    JobCourse after = course;
    switch (event) {
        case JobEvent::lease:
            ++after.attempts;
            return step_to(after, JobState::running);
        case JobEvent::cancel:
            after.stop = StopCause::client;
            return step_to(after, JobState::cancelled, "cancelled");
        case JobEvent::deadline_passed:
            after.stop = StopCause::deadline;
            return step_to(after, JobState::expired, "deadline");
        default:
            return refuse(course);
    }
}

JobStep after_transient(const JobCourse& course, double random) {
    if (course.attempts >= kMaxAttempts) return step_to(course, JobState::failed);
    JobStep step = step_to(course, JobState::queued);
    step.delay = back_off(course.attempts, random);
    return step;
}

JobStep after_crash(JobCourse after) {
    ++after.crashes;
    const bool is_over = after.crashes >= kMaxCrashes || after.attempts >= kMaxAttempts;
    return is_over ? step_to(after, JobState::dead, "crashed_engine")
                   : step_to(after, JobState::queued);
}

JobStep after_expired_lease(const JobCourse& course) {
    return course.attempts >= kMaxAttempts ? step_to(course, JobState::dead, "lease_expired")
                                           : step_to(course, JobState::queued);
}

JobStep begin_stop(JobCourse after, StopCause cause) {
    after.stop = cause;
    return step_to(after, JobState::cancelling);
}

JobStep from_running(const JobCourse& course, JobEvent event, double random) {
    JobCourse after = course;
    switch (event) {
        case JobEvent::renew:
        case JobEvent::checkpoint:
            return step_to(course, JobState::running);
        case JobEvent::finish:
            return step_to(course, JobState::succeeded);
        case JobEvent::fail_transient:
            return after_transient(course, random);
        case JobEvent::fail_permanent:
            return step_to(course, JobState::failed);
        case JobEvent::worker_crashed:
            return after_crash(course);
        case JobEvent::worker_left:
            // Not the job's doing: a rolling restart must not use up its attempts.
            --after.attempts;
            return step_to(after, JobState::queued);
        case JobEvent::lease_expired:
            return after_expired_lease(course);
        case JobEvent::cancel:
            return begin_stop(course, StopCause::client);
        case JobEvent::deadline_passed:
            return begin_stop(course, StopCause::deadline);
        default:
            return refuse(course);
    }
}

JobStep from_cancelling(const JobCourse& course, JobEvent event) {
    switch (event) {
        case JobEvent::renew:
        case JobEvent::cancel:
        case JobEvent::checkpoint:
            return step_to(course, JobState::cancelling);
        case JobEvent::finish:
        case JobEvent::fail_transient:
        case JobEvent::fail_permanent:
        case JobEvent::worker_crashed:
        case JobEvent::worker_left:
        case JobEvent::worker_stopped:
        case JobEvent::lease_expired:
            return course.stop == StopCause::deadline
                       ? step_to(course, JobState::expired, "deadline")
                       : step_to(course, JobState::cancelled, "cancelled");
        default:
            return refuse(course);
    }
}

JobStep from_final(const JobCourse& course, JobEvent event) {
    const bool is_repeated_cancel =
        event == JobEvent::cancel && course.state == JobState::cancelled;
    if (is_repeated_cancel) return step_to(course, JobState::cancelled, "cancelled");
    if (event == JobEvent::retry && course.state != JobState::succeeded)
        return step_to(JobCourse{}, JobState::queued);
    return refuse(course);
}

}  // namespace

std::string_view name_of(JobState state) {
    return kStateNames[static_cast<std::size_t>(state)];
}

std::optional<JobState> parse_job_state(std::string_view name) {
    return parse<JobState>(kStateNames, name);
}

bool is_final(JobState state) {
    return state != JobState::queued && !is_leased(state);
}

bool is_leased(JobState state) {
    return state == JobState::running || state == JobState::cancelling;
}

JobStep next_step(const JobCourse& course, JobEvent event, double random) {
    switch (course.state) {
        case JobState::queued:
            return from_queued(course, event);
        case JobState::running:
            return from_running(course, event, random);
        case JobState::cancelling:
            return from_cancelling(course, event);
        default:
            return from_final(course, event);
    }
}

std::chrono::milliseconds back_off(int attempts, double random) {
    using Milliseconds = std::chrono::milliseconds;
    constexpr Milliseconds kLongest = kMaxBackOff;
    const double seconds = std::ldexp(1.0, std::clamp(attempts, 0, 30));
    const double limit = std::min(seconds * 1000, static_cast<double>(kLongest.count()));
    return Milliseconds(static_cast<Milliseconds::rep>(limit * std::clamp(random, 0.0, 1.0)));
}

bool runs_alone(const JobCourse& course) {
    return course.crashes >= kMaxCrashes - 1;
}

std::string_view name_of(JobClass job_class) {
    return kClassNames[static_cast<std::size_t>(job_class)];
}

std::optional<JobClass> parse_job_class(std::string_view name) {
    return parse<JobClass>(kClassNames, name);
}

std::array<JobClass, kJobClasses> class_order(std::uint64_t lease_number) {
    if (lease_number % kBatchTurn == kBatchTurn - 1)
        return {JobClass::batch, JobClass::interactive, JobClass::standard};
    return {JobClass::interactive, JobClass::standard, JobClass::batch};
}

}  // namespace tutti::policy
