// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_schema.h"

#include <array>

namespace tutti::store {
namespace {

constexpr std::int64_t kApplicationId = 0x54757474;  // "Tutt"

// Numbers of states and classes are those of policy/job_state.h: 0 queued, 1 running, 2 cancelling.
// Times are milliseconds, 0 = none; those called *_until and ready_at are on the boot clock.
constexpr const char* kVersion1 = R"sql(
CREATE TABLE counters (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    change INTEGER NOT NULL,
    leases INTEGER NOT NULL,
    fenced INTEGER NOT NULL,
    boot_id TEXT NOT NULL);
INSERT INTO counters VALUES (1, 0, 0, 0, '');

CREATE TABLE jobs (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    class INTEGER NOT NULL,
    state INTEGER NOT NULL,
    stop INTEGER NOT NULL,
    attempts INTEGER NOT NULL,
    crashes INTEGER NOT NULL,
    epoch INTEGER NOT NULL,
    worker TEXT NOT NULL,
    lease_until INTEGER NOT NULL,
    waiting INTEGER NOT NULL,
    ready_at INTEGER NOT NULL,
    not_before INTEGER NOT NULL,
    deadline INTEGER NOT NULL,
    created INTEGER NOT NULL,
    finished INTEGER NOT NULL,
    audio_duration INTEGER NOT NULL,
    audio_position INTEGER NOT NULL,
    reason TEXT NOT NULL,
    message TEXT NOT NULL,
    change INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    audio_place TEXT NOT NULL,
    audio_bytes INTEGER NOT NULL,
    audio_digest TEXT NOT NULL,
    request BLOB NOT NULL);
CREATE UNIQUE INDEX jobs_by_change ON jobs (change);
CREATE INDEX jobs_by_tenant ON jobs (tenant, created, row);
CREATE INDEX jobs_by_state ON jobs (tenant, state, created, row);
CREATE INDEX jobs_ready ON jobs (class, row) WHERE state = 0 AND waiting = 0;
CREATE INDEX jobs_waiting ON jobs (not_before) WHERE state = 0 AND waiting = 1;
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE state IN (1, 2);
CREATE INDEX jobs_of_worker ON jobs (worker) WHERE state IN (1, 2);
CREATE INDEX jobs_with_deadline ON jobs (deadline) WHERE deadline > 0 AND state IN (0, 1);
CREATE INDEX jobs_ended ON jobs (finished) WHERE finished > 0;

CREATE TABLE results (job INTEGER PRIMARY KEY, checksum INTEGER NOT NULL, payload BLOB NOT NULL);
CREATE TABLE checkpoints (
    job INTEGER NOT NULL,
    segment INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    payload BLOB NOT NULL,
    PRIMARY KEY (job, segment));
CREATE TABLE tombstones (
    tenant TEXT NOT NULL, id TEXT NOT NULL, purged INTEGER NOT NULL,
    PRIMARY KEY (tenant, id)) WITHOUT ROWID;
CREATE INDEX tombstones_by_age ON tombstones (purged);
CREATE TABLE garbage (place TEXT PRIMARY KEY) WITHOUT ROWID;

CREATE TABLE idempotency (
    tenant TEXT NOT NULL, route TEXT NOT NULL, key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    job TEXT NOT NULL,
    answered_when INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    PRIMARY KEY (tenant, route, key)) WITHOUT ROWID;
CREATE INDEX idempotency_by_age ON idempotency (expires);

CREATE TABLE endpoints (
    job INTEGER NOT NULL, endpoint TEXT NOT NULL, PRIMARY KEY (job, endpoint)) WITHOUT ROWID;
CREATE TABLE events (
    row INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    tenant TEXT NOT NULL,
    endpoint TEXT NOT NULL,
    job INTEGER NOT NULL,
    job_id TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    state INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    attempts_before INTEGER NOT NULL,
    due INTEGER NOT NULL,
    taken_until INTEGER NOT NULL,
    created INTEGER NOT NULL,
    checksum INTEGER NOT NULL,
    payload BLOB NOT NULL);
CREATE INDEX events_pending ON events (endpoint, due) WHERE state = 0;
CREATE INDEX events_taken ON events (endpoint, taken_until) WHERE state = 0 AND taken_until > 0;
CREATE INDEX events_of_job ON events (job);
CREATE TABLE deliveries (
    row INTEGER PRIMARY KEY,
    event INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    at INTEGER NOT NULL,
    status INTEGER NOT NULL,
    latency INTEGER NOT NULL,
    note TEXT NOT NULL);
CREATE INDEX deliveries_of_event ON deliveries (event);
)sql";

constexpr std::array<const char*, kSchemaVersion> kVersions{kVersion1};

std::int64_t number(Database& db, const char* sql) {
    Query query(db, sql);
    return query.step() ? query.integer(0) : 0;
}

// nullopt: not a file of ours.
std::optional<std::int64_t> version_of(Database& db) {
    const auto application = number(db, "PRAGMA application_id");
    const auto tables = number(db, "SELECT count(*) FROM sqlite_master");
    if (application == 0 && tables == 0) return 0;
    if (application != kApplicationId) return std::nullopt;
    return number(db, "SELECT max(version) FROM migrations");
}

void begin_file(Database& db) {
    db.execute("PRAGMA application_id = " + std::to_string(kApplicationId));
    db.execute("CREATE TABLE migrations (version INTEGER PRIMARY KEY, at INTEGER NOT NULL)");
}

Result<void> step_up(Database& db, Now now) {
    const auto version = version_of(db);
    if (!version) return Error(Errc::bad_config, "the file is not a job store");
    if (*version > kSchemaVersion)
        return Error(Errc::bad_config, "the job store has schema " + std::to_string(*version) +
                                           ", this program knows up to " +
                                           std::to_string(kSchemaVersion) +
                                           ": start the newer program");
    if (*version == 0) begin_file(db);
    for (auto next = *version; next < kSchemaVersion; ++next) {
        db.execute(kVersions[static_cast<std::size_t>(next)]);
        db.run("INSERT INTO migrations VALUES (?, ?)", next + 1, now.wall);
    }
    return {};
}

}  // namespace

Result<void> migrate(Database& db, Now now) {
    db.begin_write();
    auto stepped = step_up(db, now);
    if (!stepped) {
        db.roll_back();
        return stepped;
    }
    db.commit();
    return {};
}

}  // namespace tutti::store
