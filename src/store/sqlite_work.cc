// SPDX-License-Identifier: Apache-2.0
#include "store/checksum.h"
#include "store/sqlite_operations.h"

namespace tutti::store {
namespace {

using policy::JobEvent;

// Jobs found expired or damaged on the way to one that can be leased; the next call goes on.
constexpr int kMaxPassedOver = 100;

void wake_waiting(const Transaction& tx) {
    tx.db.run(
        "UPDATE jobs SET waiting = 0 WHERE state = 0 AND waiting = 1 AND not_before <= ? AND "
        "ready_at <= ?",
        tx.now.wall, tx.now.boot);
}

std::optional<std::int64_t> first_ready(Database& db, JobClass job_class) {
    Query query(db,
                "SELECT row FROM jobs WHERE state = 0 AND waiting = 0 AND class = ? "
                "ORDER BY row LIMIT 1",
                job_class);
    if (!query.step()) return std::nullopt;
    return query.integer(0);
}

std::optional<std::int64_t> next_ready(Database& db) {
    Query counter(db, "SELECT leases FROM counters");
    const std::uint64_t number =
        counter.step() ? static_cast<std::uint64_t>(counter.integer(0)) : 0;
    for (JobClass job_class : policy::class_order(number))
        if (const auto row = first_ready(db, job_class)) return row;
    return std::nullopt;
}

void take(const Transaction& tx, Job& job, const LeaseRequest& request) {
    tx.db.run("UPDATE counters SET leases = leases + 1");
    ++job.epoch;
    job.worker = request.worker;
    job.lease_until = tx.now.boot + request.duration;
    write_step(tx, job, policy::next_step(job.course, JobEvent::lease));
}

// nullopt: the lease is outdated. `ending` says what became of the job instead.
std::optional<Job> find_held(const Transaction& tx, const Lease& lease, Ending& ending) {
    auto job = find_job(tx.db, lease.job);
    if (job && job->epoch == lease.epoch && policy::is_leased(job->state())) return job;
    tx.db.run("UPDATE counters SET fenced = fenced + 1");
    ending.is_fenced = true;
    // A purged job has ended, and only the purged are missing.
    ending.state = job ? job->state() : JobState::expired;
    return std::nullopt;
}

JobEvent event_of(Failure::Kind kind) {
    switch (kind) {
        case Failure::Kind::transient:
            return JobEvent::fail_transient;
        case Failure::Kind::permanent:
            return JobEvent::fail_permanent;
        case Failure::Kind::engine_crashed:
            return JobEvent::worker_crashed;
    }
    return JobEvent::fail_permanent;
}

Hold hold_of(JobState state) {
    return state == JobState::cancelling ? Hold::cancel_wanted : Hold::held;
}

void keep_result(const Transaction& tx, const Job& job, const std::string& result) {
    tx.db.run("INSERT INTO results VALUES (?, ?, ?)", job.row, checksum({result, "", ""}),
              Blob{result});
    tx.db.run("DELETE FROM checkpoints WHERE job = ?", job.row);
}

}  // namespace

std::optional<Job> lease_next_job(const Transaction& tx, const LeaseRequest& request) {
    wake_waiting(tx);
    for (int passed_over = 0; passed_over < kMaxPassedOver; ++passed_over) {
        const auto row = next_ready(tx.db);
        if (!row) return std::nullopt;
        auto job = load_intact_job(tx, *row);
        if (!job) continue;
        if (!job->deadline || *job->deadline > tx.now.wall) {
            take(tx, *job, request);
            return job;
        }
        write_step(tx, *job, policy::next_step(job->course, JobEvent::deadline_passed));
    }
    return std::nullopt;
}

Hold renew_lease(const Transaction& tx, const Lease& lease, const Progress& progress) {
    Query update(tx.db,
                 "UPDATE jobs SET audio_position = max(audio_position, ?), lease_until = ?, "
                 "change = ? WHERE id = ? AND epoch = ? AND state IN (1, 2) RETURNING state",
                 progress.audio_position, tx.now.boot + progress.lease_duration, next_change(tx.db),
                 lease.job.value, lease.epoch);
    if (!update.step()) return Hold::lost;
    const auto state = update.number_of<JobState>(0);
    update.step();
    return hold_of(state);
}

Hold keep_checkpoint(Database& db, const Lease& lease, const Segment& segment) {
    Query held(db, "SELECT row, state FROM jobs WHERE id = ? AND epoch = ? AND state IN (1, 2)",
               lease.job.value, lease.epoch);
    if (!held.step()) return Hold::lost;
    db.run("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?, ?)", held.integer(0), segment.index,
           checksum({segment.payload, "", ""}), Blob{segment.payload});
    return hold_of(held.number_of<JobState>(1));
}

std::vector<Segment> read_checkpoints(Database& db, const JobId& id) {
    Query query(db,
                "SELECT segment, checkpoints.checksum, payload FROM checkpoints JOIN jobs "
                "ON jobs.row = checkpoints.job WHERE jobs.id = ? ORDER BY segment",
                id.value);
    std::vector<Segment> segments;
    while (query.step()) {
        Segment segment{query.integer(0), query.blob(2)};
        // A damaged one is made again; so is what follows it, in order.
        if (query.integer(1) != checksum({segment.payload, "", ""})) break;
        segments.push_back(std::move(segment));
    }
    return segments;
}

Ending finish_job(const Transaction& tx, const Lease& lease, const std::string& result) {
    Ending ending;
    auto job = find_held(tx, lease, ending);
    if (!job) return ending;
    write_step(tx, *job, policy::next_step(job->course, JobEvent::finish));
    if (job->state() == JobState::succeeded) keep_result(tx, *job, result);
    return {false, job->state()};
}

Ending fail_job(const Transaction& tx, const Lease& lease, const Failure& failure) {
    Ending ending;
    auto job = find_held(tx, lease, ending);
    if (!job) return ending;
    const double random = tx.rules.random ? tx.rules.random() : 0;
    write_step(tx, *job, policy::next_step(job->course, event_of(failure.kind), random),
               {failure.reason, failure.message});
    return {false, job->state()};
}

Ending stop_job(const Transaction& tx, const Lease& lease) {
    Ending ending;
    auto job = find_held(tx, lease, ending);
    if (!job) return ending;
    const auto step = policy::next_step(job->course, JobEvent::worker_stopped);
    if (step.is_allowed) write_step(tx, *job, step);
    return {false, job->state()};
}

}  // namespace tutti::store
