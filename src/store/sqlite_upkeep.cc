// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_operations.h"

namespace tutti::store {
namespace {

using policy::JobEvent;

// The first column, read to its end before anything is changed.
std::vector<std::int64_t> all_rows(Query& query) {
    std::vector<std::int64_t> rows;
    while (query.step()) rows.push_back(query.integer(0));
    return rows;
}

std::size_t step_all(const Transaction& tx, const std::vector<std::int64_t>& rows, JobEvent event,
                     const Words& words = {}) {
    for (auto row : rows) {
        if (auto job = load_intact_job(tx, row))
            write_step(tx, *job, policy::next_step(job->course, event), words);
    }
    return rows.size();
}

std::vector<std::int64_t> expired_leases(const Transaction& tx, std::size_t limit) {
    Query query(tx.db,
                "SELECT row FROM jobs WHERE state IN (1, 2) AND lease_until <= ? "
                "ORDER BY lease_until LIMIT ?",
                tx.now.boot, limit);
    return all_rows(query);
}

std::vector<std::int64_t> passed_deadlines(const Transaction& tx, std::size_t limit) {
    Query query(tx.db,
                "SELECT row FROM jobs WHERE deadline > 0 AND deadline <= ? AND state IN (0, 1) "
                "ORDER BY deadline LIMIT ?",
                tx.now.wall, limit);
    return all_rows(query);
}

// An event that is still to be told keeps its job: its reader will ask for the result.
std::vector<std::int64_t> ended_before(const Transaction& tx, WallTime limit, std::size_t count) {
    Query query(tx.db,
                "SELECT row FROM jobs WHERE finished > 0 AND finished < ? AND NOT EXISTS "
                "(SELECT 1 FROM events WHERE events.job = jobs.row AND events.state = 0) "
                "ORDER BY finished LIMIT ?",
                limit, count);
    return all_rows(query);
}

void forget_old(const Transaction& tx, const Retention& retention) {
    tx.db.run(
        "DELETE FROM tombstones WHERE (tenant, id) IN "
        "(SELECT tenant, id FROM tombstones WHERE purged < ? LIMIT ?)",
        retention.tombstones_before, retention.limit);
    tx.db.run(
        "DELETE FROM idempotency WHERE (tenant, route, key) IN "
        "(SELECT tenant, route, key FROM idempotency WHERE expires <= ? LIMIT ?)",
        tx.now.wall, retention.limit);
}

}  // namespace

std::size_t release_worker(const Transaction& tx, const WorkerId& worker, WorkerEnd end) {
    Query query(tx.db, "SELECT row FROM jobs WHERE state IN (1, 2) AND worker = ?", worker.value);
    const auto event = end == WorkerEnd::crashed ? JobEvent::worker_crashed : JobEvent::worker_left;
    return step_all(tx, all_rows(query), event);
}

Expired expire_jobs(const Transaction& tx, std::size_t limit) {
    Expired expired;
    expired.leases = step_all(tx, expired_leases(tx, limit), JobEvent::lease_expired,
                              {"lease_expired", "its worker was silent for too long"});
    expired.deadlines = step_all(tx, passed_deadlines(tx, limit), JobEvent::deadline_passed);
    return expired;
}

void purge_job(const Transaction& tx, std::int64_t row) {
    tx.db.run("INSERT OR REPLACE INTO tombstones SELECT tenant, id, ? FROM jobs WHERE row = ?",
              tx.now.wall, row);
    tx.db.run(
        "INSERT OR IGNORE INTO garbage SELECT audio_place FROM jobs WHERE row = ? AND "
        "audio_place <> ''",
        row);
    tx.db.run("DELETE FROM deliveries WHERE event IN (SELECT row FROM events WHERE job = ?)", row);
    tx.db.run("DELETE FROM events WHERE job = ?", row);
    tx.db.run("DELETE FROM endpoints WHERE job = ?", row);
    tx.db.run("DELETE FROM checkpoints WHERE job = ?", row);
    tx.db.run("DELETE FROM results WHERE job = ?", row);
    tx.db.run("DELETE FROM jobs WHERE row = ?", row);
}

std::size_t purge_jobs(const Transaction& tx, const Retention& retention) {
    const auto rows = ended_before(tx, retention.finished_before, retention.limit);
    for (auto row : rows) purge_job(tx, row);
    forget_old(tx, retention);
    return rows.size();
}

std::vector<std::string> read_garbage(Database& db, std::size_t limit) {
    Query query(db, "SELECT place FROM garbage ORDER BY place LIMIT ?", limit);
    std::vector<std::string> places;
    while (query.step()) places.push_back(query.text(0));
    return places;
}

std::size_t forget_garbage_of(Database& db, const std::vector<std::string>& places) {
    std::int64_t forgotten = 0;
    for (const std::string& place : places)
        forgotten += db.run("DELETE FROM garbage WHERE place = ?", place);
    return static_cast<std::size_t>(forgotten);
}

}  // namespace tutti::store
