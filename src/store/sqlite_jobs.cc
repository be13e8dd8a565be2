// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_jobs.h"

#include "base/log.h"
#include "store/checksum.h"
#include "store/sqlite_events.h"

namespace tutti::store {
namespace {

std::int64_t checksum_of(const Job& job) {
    return checksum({job.request, job.id.value, job.audio.place});
}

std::optional<Job> first_of(Query& query) {
    if (!query.step()) return std::nullopt;
    return read_job(query);
}

// What cannot be trusted goes, so that the job can be read again as what it is.
void set_aside(const Transaction& tx, std::int64_t row) {
    Query query(tx.db, "SELECT id FROM jobs WHERE row = ?", row);
    query.step();
    tx.db.run(
        "UPDATE jobs SET state = ?, finished = ?, reason = 'damaged', change = ?, request = '', "
        "audio_place = '', checksum = ? WHERE row = ?",
        JobState::dead, tx.now.wall, next_change(tx.db), checksum({"", query.text(0), ""}), row);
}

bool must_wait(const Job& job, Now now) {
    return job.ready_at > now.boot || (job.not_before && *job.not_before > now.wall);
}

void write_row(const Transaction& tx, const Job& job) {
    tx.db.run(
        "UPDATE jobs SET state = ?, stop = ?, attempts = ?, crashes = ?, epoch = ?, worker = ?, "
        "lease_until = ?, waiting = ?, ready_at = ?, deadline = ?, finished = ?, reason = ?, "
        "message = ?, change = ? WHERE row = ?",
        job.state(), job.course.stop, job.course.attempts, job.course.crashes, job.epoch,
        job.worker.value, job.lease_until, must_wait(job, tx.now), job.ready_at, job.deadline,
        job.finished, job.reason, job.message, job.change, job.row);
}

void take_words(Job& job, const policy::JobStep& step, Words words) {
    if (job.state() == JobState::succeeded) {
        words = {};
    } else if (!step.reason.empty()) {
        // The rules' reason stands; a worker's explanation of it may stay.
        words.reason = step.reason;
    } else if (words.reason.empty()) {
        return;
    }
    job.reason = std::move(words.reason);
    job.message = std::move(words.message);
}

}  // namespace

Job read_job(const Query& row) {
    Job job;
    job.row = row.integer(0);
    job.id = {row.text(1)};
    job.tenant = {row.text(2)};
    job.job_class = row.number_of<JobClass>(3);
    job.course = {.state = row.number_of<JobState>(4),
                  .attempts = static_cast<int>(row.integer(6)),
                  .crashes = static_cast<int>(row.integer(7)),
                  .stop = row.number_of<policy::StopCause>(5)};
    job.epoch = row.integer(8);
    job.worker = {row.text(9)};
    job.lease_until = BootTime(row.span(10));
    job.ready_at = BootTime(row.span(12));
    job.not_before = row.optional_wall(13);
    job.deadline = row.optional_wall(14);
    job.created = row.wall(15);
    job.finished = row.optional_wall(16);
    job.audio_duration = row.span(17);
    job.audio_position = row.span(18);
    job.reason = row.text(19);
    job.message = row.text(20);
    job.change = row.integer(21);
    job.audio = {row.text(23), static_cast<std::uint64_t>(row.integer(24)), row.text(25)};
    job.request = row.blob(26);
    if (row.integer(22) != checksum_of(job))
        throw SqliteError(Error(Errc::io, "job " + job.id.value + " is damaged on disk"), false);
    return job;
}

std::optional<Job> find_job(Database& db, const TenantId& tenant, const JobId& id) {
    Query query(db, "SELECT * FROM jobs WHERE id = ? AND tenant = ?", id.value, tenant.value);
    return first_of(query);
}

std::optional<Job> find_job(Database& db, const JobId& id) {
    Query query(db, "SELECT * FROM jobs WHERE id = ?", id.value);
    return first_of(query);
}

Job load_job(Database& db, std::int64_t row) {
    Query query(db, "SELECT * FROM jobs WHERE row = ?", row);
    auto job = first_of(query);
    if (!job) throw SqliteError(Error(Errc::io, "an index of the job store is damaged"), true);
    return *std::move(job);
}

std::optional<Job> load_intact_job(const Transaction& tx, std::int64_t row) {
    try {
        return load_job(tx.db, row);
    } catch (const SqliteError& failure) {
        if (failure.is_final() || failure.error().errc() != Errc::io) throw;
        log::error("store={}", failure.error().context);
    }
    set_aside(tx, row);
    return std::nullopt;
}

bool has_tombstone(Database& db, const TenantId& tenant, const JobId& id) {
    Query query(db, "SELECT 1 FROM tombstones WHERE tenant = ? AND id = ?", tenant.value, id.value);
    return query.step();
}

ChangeNumber next_change(Database& db) {
    Query query(db, "UPDATE counters SET change = change + 1 RETURNING change");
    if (!query.step()) throw SqliteError(Error(Errc::io, "the counters are missing"), true);
    const ChangeNumber next = query.integer(0);
    // The row is there before the update is done with.
    query.step();
    return next;
}

void insert_job(const Transaction& tx, Job& job, const std::vector<std::string>& endpoints) {
    job.change = next_change(tx.db);
    Query insert(tx.db,
                 "INSERT INTO jobs (id, tenant, class, state, stop, attempts, crashes, epoch, "
                 "worker, lease_until, waiting, ready_at, not_before, deadline, created, finished, "
                 "audio_duration, audio_position, reason, message, change, checksum, audio_place, "
                 "audio_bytes, audio_digest, request) VALUES (?, ?, ?, 0, 0, 0, 0, 0, '', 0, ?, 0, "
                 "?, ?, ?, 0, ?, 0, '', '', ?, ?, ?, ?, ?, ?) RETURNING row",
                 job.id.value, job.tenant.value, job.job_class, must_wait(job, tx.now),
                 job.not_before, job.deadline, job.created, job.audio_duration, job.change,
                 checksum_of(job), job.audio.place, job.audio.bytes, job.audio.digest,
                 Blob{job.request});
    if (insert.step()) job.row = insert.integer(0);
    insert.step();
    for (const std::string& endpoint : endpoints)
        tx.db.run("INSERT OR IGNORE INTO endpoints VALUES (?, ?)", job.row, endpoint);
    write_events(tx, job);
}

void write_step(const Transaction& tx, Job& job, const policy::JobStep& step, Words words) {
    const bool is_new_state = step.after.state != job.state();
    job.course = step.after;
    if (!policy::is_leased(job.state())) {
        job.worker = {};
        job.lease_until = {};
    }
    job.ready_at = step.delay.count() > 0 ? tx.now.boot + step.delay : BootTime{};
    if (!policy::is_final(job.state()))
        job.finished.reset();
    else if (!job.finished)
        job.finished = tx.now.wall;
    take_words(job, step, std::move(words));
    job.change = next_change(tx.db);
    write_row(tx, job);
    if (is_new_state) write_events(tx, job);
}

}  // namespace tutti::store
