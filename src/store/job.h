// SPDX-License-Identifier: Apache-2.0
// What a job is to those who submit, watch and do it. Values only; policy/job_state.h says what the
// states mean.
#pragma once

#include "policy/job_state.h"
#include "store/now.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tutti::store {

using policy::JobClass;
using policy::JobState;

// Whose job it is. Comes from the client's key alone; until keys exist everybody is kOnlyTenant.
struct TenantId {
    std::string value;
    auto operator<=>(const TenantId&) const = default;
};
inline constexpr const char* kOnlyTenant = "default";

// 32 hex digits, random: unique over all tenants, and not to be guessed.
struct JobId {
    std::string value;
    auto operator<=>(const JobId&) const = default;
};

// A process that does jobs, unique over restarts (a uuid made at its start, not a process id).
struct WorkerId {
    std::string value;
    auto operator<=>(const WorkerId&) const = default;
};

// Grows by one with every change of any job; 0 is before all of them.
using ChangeNumber = std::int64_t;

// Where the audio lies and what it is. The store keeps the reference, never the bytes.
struct AudioRef {
    std::string place;  // empty = none; a path or address the caller understands
    std::uint64_t bytes = 0;
    std::string digest;
};

struct IdempotencyKey {
    // A submission that is awaited by its client has no answer to replay before the job has ended;
    // one that is answered with the job's id has it at once.
    enum class Answer : std::uint8_t { accepted = 0, finished = 1 };

    std::string route;        // unique per (tenant, route, key)
    std::string key;          // 1 to 255 bytes
    std::string fingerprint;  // of everything that must be equal in a repetition
    std::chrono::seconds lifetime = std::chrono::hours(24);
    Answer answered_when = Answer::accepted;
};

struct NewJob {
    TenantId tenant{kOnlyTenant};
    JobClass job_class = JobClass::standard;
    std::string request;  // opaque, at most kMaxRequestBytes
    AudioRef audio;
    std::chrono::milliseconds audio_duration{};  // 0 = unknown
    std::optional<WallTime> not_before;
    std::optional<WallTime> deadline;
    std::optional<IdempotencyKey> idempotency;
    std::vector<std::string> endpoints;  // who is told of its events, at most kMaxEndpoints
};
inline constexpr std::size_t kMaxRequestBytes = 1 << 20;
inline constexpr std::size_t kMaxEndpoints = 16;
inline constexpr std::size_t kMaxKeyBytes = 255;

struct Job {
    JobId id;
    TenantId tenant;
    policy::JobCourse course;
    JobClass job_class = JobClass::standard;
    std::string request;
    AudioRef audio;
    std::chrono::milliseconds audio_duration{};  // 0 = unknown
    std::chrono::milliseconds audio_position{};  // done of it
    WallTime created{};
    std::optional<WallTime> not_before;
    std::optional<WallTime> deadline;
    std::optional<WallTime> finished;  // set in final states only
    std::int64_t epoch = 0;            // which lease; 0 = never leased
    WorkerId worker;                   // empty unless leased
    BootTime lease_until{};            // meaningless unless leased
    BootTime ready_at{};               // end of the back-off
    std::string reason;                // of an end that is no success; a stable word
    std::string message;               // the same for people
    ChangeNumber change = 0;
    std::int64_t row = 0;  // order of submission

    JobState state() const { return course.state; }
};

// The right to work on a job. Every call of a worker shows it; an outdated one is refused.
struct Lease {
    JobId job;
    std::int64_t epoch = 0;
};

// A part of the result that need not be made again; payload is opaque.
struct Segment {
    std::int64_t index = 0;
    std::string payload;
};

}  // namespace tutti::store
