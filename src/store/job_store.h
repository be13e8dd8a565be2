// SPDX-License-Identifier: Apache-2.0
// The interface of what keeps durable jobs.
//
//   store->submit(job, read_now(), then);          // then(Result<Submission>), once, later
//   auto made = co_await on_loop<Submission>(...); // on_loop.h; wait.h blocks instead
//
// Any thread may call. Calls return at once; `then` runs once for each, on a thread of the store
// (on the caller's when the call is refused at once), and must not block or throw. Calls from one
// thread take effect in their order. The store has no clock: Now says the time, and nothing expires
// but in expire().
//
// 1. What submit, lease_next, finish, fail, cancel, retry, release, expire and purge have answered
//    survives a power cut. Renewals, checkpoints and delivery attempts survive the death of any
//    process; a power cut may lose the latest (work is then done again, or told again).
// 2. A job has at most one valid lease. What an outdated one reports changes nothing and is
// counted.
// 3. A state change and the webhook events about it are written together or not at all.
// 4. A tenant's call sees that tenant's jobs only; foreign is like missing.
//
// Errors of every call: no_space (the disk is full, or fuller than is allowed to accept work),
// unavailable (read-only or failing disk), busy (queue or lock), io (damaged), internal.
// After no_space and busy the same call may succeed later; reads go on throughout.
#pragma once

#include "base/error.h"
#include "store/webhook.h"

#include <functional>

namespace tutti::store {

template <class T>
using Then = std::function<void(Result<T>)>;

struct Submission {
    enum class Outcome : std::uint8_t {
        accepted,   // a new job
        replayed,   // the key was used for the same: its job
        in_flight,  // the same, but its answer is not there yet
        conflict,   // the key was used for something else; no job
    };
    Outcome outcome = Outcome::accepted;
    std::optional<Job> job;  // empty on conflict, and on a replay whose job has been purged
};

// A tenant's look at one job.
struct Lookup {
    std::optional<Job> job;
    bool is_gone = false;  // there was one; retention removed it
};

struct JobFilter {
    std::optional<JobState> state;
    std::optional<WallTime> created_after;   // exclusive
    std::optional<WallTime> created_before;  // exclusive
    std::string cursor;                      // of the page before; empty = first page
    std::size_t limit = 50;                  // 1 to kMaxPage
};
inline constexpr std::size_t kMaxPage = 1000;

struct JobPage {
    std::vector<Job> jobs;  // newest first
    std::string cursor;     // empty = no more
};

struct ResultLookup {
    std::optional<std::string> result;  // none before success
    bool is_gone = false;
};

// What became of a client's cancel, retry or removal.
struct Command {
    enum class Outcome : std::uint8_t { done, refused, missing, gone };
    Outcome outcome = Outcome::done;
    JobState state = JobState::queued;  // afterwards; the reason for a refusal
};

struct LeaseRequest {
    WorkerId worker;
    std::chrono::milliseconds duration = std::chrono::seconds(30);
};

struct Progress {
    std::chrono::milliseconds audio_position{};  // never goes back
    std::chrono::milliseconds lease_duration = std::chrono::seconds(30);
};

enum class Hold : std::uint8_t {
    held,
    cancel_wanted,  // still held: stop soon, then stopped()
    lost,           // it is another's, or over: forget it
};

struct Failure {
    enum class Kind : std::uint8_t { transient, permanent, engine_crashed };
    Kind kind = Kind::transient;
    std::string reason;   // a stable word
    std::string message;  // for people
};

// What became of a worker's finish, fail or stopped.
struct Ending {
    bool is_fenced = false;  // the lease was outdated: nothing happened
    JobState state = JobState::queued;
};

enum class WorkerEnd : std::uint8_t { crashed, left };

struct Expired {
    std::size_t leases = 0;
    std::size_t deadlines = 0;
};

struct Retention {
    WallTime finished_before{};    // these lose everything but a tombstone
    WallTime tombstones_before{};  // these are forgotten
    std::size_t limit = 100;       // jobs in one call
};

struct JobChange {
    ChangeNumber change = 0;
    TenantId tenant;
    JobId job;
    JobState state = JobState::queued;
    int attempt = 0;
    std::chrono::milliseconds audio_position{};
};

struct DueRequest {
    std::size_t limit = 16;                                         // events in all
    std::size_t per_endpoint = 4;                                   // under way at once
    std::chrono::milliseconds duration = std::chrono::seconds(60);  // then it is due again
};

struct StoreStats {
    std::int64_t queued = 0;
    std::int64_t leased = 0;
    std::int64_t pending_events = 0;
    std::int64_t fenced = 0;  // reports of outdated leases since the store was made
    ChangeNumber last_change = 0;
};

class JobStore {
  public:
    virtual ~JobStore() = default;

    // For clients. bad_parameter: a limit of NewJob is broken, or a cursor is not one of ours.
    virtual void submit(NewJob job, Now now, Then<Submission> then) = 0;
    virtual void find(TenantId tenant, JobId id, Then<Lookup> then) = 0;
    virtual void list(TenantId tenant, JobFilter filter, Then<JobPage> then) = 0;
    virtual void load_result(TenantId tenant, JobId id, Then<ResultLookup> then) = 0;
    // Waiting jobs end at once, running ones when their worker notices. Done again: done.
    virtual void cancel(TenantId tenant, JobId id, Now now, Then<Command> then) = 0;
    // Anything that ended without success is queued afresh, without its deadline.
    virtual void retry(TenantId tenant, JobId id, Now now, Then<Command> then) = 0;
    // A job that has ended is purged now. Refused before.
    virtual void remove(TenantId tenant, JobId id, Now now, Then<Command> then) = 0;

    // For workers. The attempt is counted durably before `then` hears of it; nullopt = no work.
    virtual void lease_next(LeaseRequest request, Now now, Then<std::optional<Job>> then) = 0;
    virtual void renew(Lease lease, Progress progress, Now now, Then<Hold> then) = 0;
    virtual void checkpoint(Lease lease, Segment segment, Then<Hold> then) = 0;
    virtual void load_checkpoints(JobId id, Then<std::vector<Segment>> then) = 0;  // by index
    virtual void finish(Lease lease, std::string result, Now now, Then<Ending> then) = 0;
    virtual void fail(Lease lease, Failure failure, Now now, Then<Ending> then) = 0;
    // Answers cancel_wanted.
    virtual void stopped(Lease lease, Now now, Then<Ending> then) = 0;

    // For whoever looks after the node. Answers count what was done; call again while it is
    // `limit`.
    virtual void release(WorkerId worker, WorkerEnd end, Now now, Then<std::size_t> then) = 0;
    virtual void expire(Now now, std::size_t limit, Then<Expired> then) = 0;
    virtual void purge(Retention retention, Now now, Then<std::size_t> then) = 0;
    // Audio of purged jobs that is still to be deleted, until it is said to be.
    virtual void list_garbage(std::size_t limit, Then<std::vector<std::string>> then) = 0;
    virtual void forget_garbage(std::vector<std::string> places, Then<std::size_t> then) = 0;
    virtual void load_stats(Then<StoreStats> then) = 0;

    // For watchers, in any process: jobs that changed after `after`, each with its latest change
    // only, in order. The next call asks after the last of them.
    virtual void changes_since(ChangeNumber after, std::size_t limit,
                               Then<std::vector<JobChange>> then) = 0;

    // For the sender of webhooks. The attempt is counted before `then` hears of it.
    virtual void take_due(DueRequest request, Now now, Then<std::vector<WebhookEvent>> then) = 0;
    // False: another attempt has begun meanwhile, or it is settled; only the log was written.
    virtual void record_attempt(std::string event, DeliveryAttempt attempt, AfterAttempt after,
                                Then<bool> then) = 0;
    // Due again at once, in a new round of attempts. False: no such event of the tenant.
    virtual void replay(TenantId tenant, std::string event, Now now, Then<bool> then) = 0;
    virtual void load_event(TenantId tenant, std::string event,
                            Then<std::optional<EventHistory>> then) = 0;
};

}  // namespace tutti::store
