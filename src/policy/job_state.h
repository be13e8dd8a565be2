// SPDX-License-Identifier: Apache-2.0
// The life of a durable job: which event leads where. Pure; whoever keeps jobs (store/) asks here
// and writes down the answer.
//
//   JobStep step = next_step(course, JobEvent::lease_expired, random);
//   if (step.is_allowed) ...store step.after, step.reason; not again before step.delay...
//
// 1. A final state is left by `retry` alone, and `succeeded` by nothing.
// 2. Of cancel and completion exactly one wins: once a job is cancelling it ends as cancelled (or
// as
//    expired, when its deadline asked for it), whatever its worker still reports.
// 3. Only a transient failure waits before the next attempt. A crash or an expired lease is no
//    reason to wait: another worker may begin at once.
// 4. The third crash quarantines the job (dead); after the second it runs alone.
// 5. After kMaxAttempts a job that got an answer is failed, one that never did is dead.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace tutti::policy {

// The numbers are stored; never renumber.
enum class JobState : std::uint8_t {
    queued = 0,      // waits for a worker, perhaps for a time before which it must not begin
    running = 1,     // leased
    cancelling = 2,  // leased by a worker that has yet to notice
    succeeded = 3,
    failed = 4,     // an answer why it cannot be done
    cancelled = 5,  // by its client
    expired = 6,    // its deadline passed first
    dead = 7,       // ended without any answer; a person should look
};
inline constexpr int kJobStates = 8;

std::string_view name_of(JobState state);
std::optional<JobState> parse_job_state(std::string_view name);
bool is_final(JobState state);
// A worker holds it.
bool is_leased(JobState state);

enum class JobEvent : std::uint8_t {
    lease,            // a worker takes it
    renew,            // its worker makes progress
    checkpoint,       // a part of the result is kept
    finish,           // the result is there
    fail_transient,   // another attempt may succeed
    fail_permanent,   // no attempt will
    worker_crashed,   // what worked on it died of a signal
    worker_left,      // it ended in order, without finishing: a drain
    worker_stopped,   // it has noticed that the job is cancelling
    cancel,           // the client wants it no more
    deadline_passed,  // nobody wants the result from now on
    lease_expired,    // no renewal came in time
    retry,            // a person asks for it once more
};

// Who made a job cancelling; decides how it ends.
enum class StopCause : std::uint8_t { none = 0, client = 1, deadline = 2 };

// What decides a job's course.
struct JobCourse {
    JobState state = JobState::queued;
    int attempts = 0;  // leases so far, the present one included
    int crashes = 0;   // attempts that ended with worker_crashed
    StopCause stop = StopCause::none;
    bool operator==(const JobCourse&) const = default;
};

struct JobStep {
    bool is_allowed = false;  // false: the event does not fit the state and changes nothing
    JobCourse after;
    std::string_view reason;  // why it ended, where the rules know; else the caller's word
    std::chrono::milliseconds delay{};  // before the next attempt
};

inline constexpr int kMaxAttempts = 5;
inline constexpr int kMaxCrashes = 3;
inline constexpr std::chrono::minutes kMaxBackOff{10};

// `random` in [0, 1) draws the back-off of a transient failure; other events ignore it.
JobStep next_step(const JobCourse& course, JobEvent event, double random = 0);

// Full jitter: random * min(kMaxBackOff, 2^attempts s).
std::chrono::milliseconds back_off(int attempts, double random);

// It has killed its worker often enough that no other job may share the next one.
bool runs_alone(const JobCourse& course);

// Smaller is served first. The numbers are stored.
enum class JobClass : std::uint8_t { interactive = 0, standard = 1, batch = 2 };
inline constexpr int kJobClasses = 3;

std::string_view name_of(JobClass job_class);
std::optional<JobClass> parse_job_class(std::string_view name);

// In which order the classes are asked for the lease of this number: strictly by rank, but every
// tenth lease looks at batch first, so that batch work never starves.
std::array<JobClass, kJobClasses> class_order(std::uint64_t lease_number);

}  // namespace tutti::policy
