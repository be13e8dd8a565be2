// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_operations.h"

namespace tutti::store {
namespace {

using policy::JobEvent;
using Outcome = Submission::Outcome;

struct KeyRow {
    std::string fingerprint;
    JobId job;
    IdempotencyKey::Answer answered_when = IdempotencyKey::Answer::accepted;
};

std::optional<KeyRow> find_key(const Transaction& tx, const TenantId& tenant,
                               const IdempotencyKey& key) {
    Query query(tx.db,
                "SELECT fingerprint, job, answered_when FROM idempotency "
                "WHERE tenant = ? AND route = ? AND key = ? AND expires > ?",
                tenant.value, key.route, key.key, tx.now.wall);
    if (!query.step()) return std::nullopt;
    return KeyRow{query.text(0), {query.text(1)}, query.number_of<IdempotencyKey::Answer>(2)};
}

// Replaces a key whose time is over.
void write_key(const Transaction& tx, const NewJob& job, const JobId& id) {
    const IdempotencyKey& key = *job.idempotency;
    tx.db.run("INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?, ?)", job.tenant.value,
              key.route, key.key, key.fingerprint, id.value, key.answered_when,
              tx.now.wall + key.lifetime);
}

Submission repeat(const Transaction& tx, const NewJob& wanted, const KeyRow& used) {
    if (used.fingerprint != wanted.idempotency->fingerprint)
        return {Outcome::conflict, std::nullopt};
    Submission again{Outcome::replayed, find_job(tx.db, wanted.tenant, used.job)};
    const bool must_end = used.answered_when == IdempotencyKey::Answer::finished;
    if (must_end && again.job && !policy::is_final(again.job->state()))
        again.outcome = Outcome::in_flight;
    return again;
}

Job make_job(const NewJob& wanted, const JobId& id, Now now) {
    Job job;
    job.id = id;
    job.tenant = wanted.tenant;
    job.job_class = wanted.job_class;
    job.request = wanted.request;
    job.audio = wanted.audio;
    job.audio_duration = wanted.audio_duration;
    job.not_before = wanted.not_before;
    job.deadline = wanted.deadline;
    job.created = now.wall;
    return job;
}

// The job, or why there is none for this tenant.
std::optional<Job> find_for(const Transaction& tx, const TenantId& tenant, const JobId& id,
                            Command& command) {
    auto job = find_job(tx.db, tenant, id);
    if (!job)
        command.outcome =
            has_tombstone(tx.db, tenant, id) ? Command::Outcome::gone : Command::Outcome::missing;
    return job;
}

Command finish_command(const Transaction& tx, Job& job, const policy::JobStep& step) {
    if (!step.is_allowed) return {Command::Outcome::refused, job.state()};
    // A cancel that is repeated changes nothing, and tells watchers nothing.
    if (step.after != job.course) write_step(tx, job, step);
    return {Command::Outcome::done, job.state()};
}

}  // namespace

Result<void> check_new_job(const NewJob& job) {
    if (job.tenant.value.empty()) return Error(Errc::bad_parameter, "a job needs a tenant");
    if (job.request.size() > kMaxRequestBytes)
        return Error(Errc::bad_parameter, "the job's parameters are too large");
    if (job.endpoints.size() > kMaxEndpoints)
        return Error(Errc::bad_parameter, "too many webhook endpoints for one job");
    if (!job.idempotency) return {};
    const std::string& key = job.idempotency->key;
    if (key.empty() || key.size() > kMaxKeyBytes)
        return Error(Errc::bad_parameter, "an idempotency key has 1 to 255 characters");
    return {};
}

Submission submit_job(const Transaction& tx, const NewJob& wanted, const JobId& id) {
    if (wanted.idempotency) {
        if (const auto used = find_key(tx, wanted.tenant, *wanted.idempotency))
            return repeat(tx, wanted, *used);
        write_key(tx, wanted, id);
    }
    Job job = make_job(wanted, id, tx.now);
    insert_job(tx, job, wanted.endpoints);
    return {Outcome::accepted, std::move(job)};
}

Command cancel_job(const Transaction& tx, const TenantId& tenant, const JobId& id) {
    Command command;
    auto job = find_for(tx, tenant, id, command);
    if (!job) return command;
    return finish_command(tx, *job, policy::next_step(job->course, JobEvent::cancel));
}

Command retry_job(const Transaction& tx, const TenantId& tenant, const JobId& id) {
    Command command;
    auto job = find_for(tx, tenant, id, command);
    if (!job) return command;
    const auto step = policy::next_step(job->course, JobEvent::retry);
    if (step.is_allowed) {
        job->deadline.reset();
        job->reason.clear();
        job->message.clear();
    }
    return finish_command(tx, *job, step);
}

Command remove_job(const Transaction& tx, const TenantId& tenant, const JobId& id) {
    Command command;
    auto job = find_for(tx, tenant, id, command);
    if (!job) return command;
    command.state = job->state();
    if (!policy::is_final(job->state()))
        command.outcome = Command::Outcome::refused;
    else
        purge_job(tx, job->row);
    return command;
}

}  // namespace tutti::store
