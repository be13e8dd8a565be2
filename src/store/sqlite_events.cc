// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_events.h"

#include "base/ids.h"
#include "base/log.h"
#include "store/checksum.h"

#include <algorithm>

namespace tutti::store {
namespace {

WebhookEvent read_event(const Query& row) {
    WebhookEvent event;
    event.id = row.text(1);
    event.tenant = {row.text(2)};
    event.endpoint = row.text(3);
    event.job = {row.text(5)};
    event.sequence = row.integer(6);
    event.state = row.number_of<DeliveryState>(7);
    event.attempt = static_cast<int>(row.integer(8));
    event.attempt_of_round = static_cast<int>(row.integer(8) - row.integer(9));
    event.due = row.wall(10);
    event.created = row.wall(12);
    event.payload = row.blob(14);
    if (row.integer(13) != checksum({event.payload, "", ""}))
        throw SqliteError(Error(Errc::io, "webhook event " + event.id + " is damaged on disk"),
                          false);
    return event;
}

std::vector<std::string> endpoints_of(Database& db, std::int64_t job) {
    Query query(db, "SELECT endpoint FROM endpoints WHERE job = ?", job);
    std::vector<std::string> endpoints;
    while (query.step()) endpoints.push_back(query.text(0));
    return endpoints;
}

void write_event(const Transaction& tx, const Job& job, const std::string& endpoint,
                 const std::string& payload) {
    tx.db.run(
        "INSERT INTO events (id, tenant, endpoint, job, job_id, sequence, state, attempt, "
        "attempts_before, due, taken_until, created, checksum, payload) "
        "VALUES (?, ?, ?, ?, ?, ?, 0, 0, 0, ?, 0, ?, ?, ?)",
        "msg_" + random_hex(16), job.tenant.value, endpoint, job.row, job.id.value, job.change,
        tx.now.wall, tx.now.wall, checksum({payload, "", ""}), Blob{payload});
}

std::size_t under_way(const Transaction& tx, const std::string& endpoint) {
    Query query(tx.db,
                "SELECT count(*) FROM events WHERE state = 0 AND taken_until > 0 AND endpoint = ? "
                "AND taken_until > ?",
                endpoint, tx.now.boot);
    query.step();
    return static_cast<std::size_t>(query.integer(0));
}

std::vector<std::int64_t> due_of(const Transaction& tx, const std::string& endpoint,
                                 std::size_t limit) {
    Query query(tx.db,
                "SELECT row FROM events WHERE state = 0 AND endpoint = ? AND due <= ? AND "
                "taken_until <= ? ORDER BY due, row LIMIT ?",
                endpoint, tx.now.wall, tx.now.boot, limit);
    std::vector<std::int64_t> rows;
    while (query.step()) rows.push_back(query.integer(0));
    return rows;
}

WebhookEvent load_event_row(Database& db, std::int64_t row) {
    Query query(db, "SELECT * FROM events WHERE row = ?", row);
    query.step();
    return read_event(query);
}

// nullopt: it is damaged, and never sent.
std::optional<WebhookEvent> take_event(const Transaction& tx, std::int64_t row,
                                       std::chrono::milliseconds duration) {
    tx.db.run("UPDATE events SET attempt = attempt + 1, taken_until = ? WHERE row = ?",
              tx.now.boot + duration, row);
    try {
        return load_event_row(tx.db, row);
    } catch (const SqliteError& failure) {
        if (failure.is_final() || failure.error().errc() != Errc::io) throw;
        log::error("store={}", failure.error().context);
    }
    tx.db.run("UPDATE events SET state = ? WHERE row = ?", DeliveryState::given_up, row);
    return std::nullopt;
}

std::vector<DeliveryAttempt> attempts_of(Database& db, std::int64_t event) {
    Query query(db,
                "SELECT attempt, at, status, latency, note FROM deliveries WHERE event = ? "
                "ORDER BY row",
                event);
    std::vector<DeliveryAttempt> attempts;
    while (query.step())
        attempts.push_back({static_cast<int>(query.integer(0)), query.wall(1),
                            static_cast<int>(query.integer(2)), query.span(3), query.text(4)});
    return attempts;
}

}  // namespace

void write_events(const Transaction& tx, const Job& job) {
    if (!tx.rules.render_event) return;
    const auto endpoints = endpoints_of(tx.db, job.row);
    if (endpoints.empty()) return;
    const auto payload = tx.rules.render_event(job);
    if (!payload) return;
    for (const std::string& endpoint : endpoints) write_event(tx, job, endpoint, *payload);
}

std::optional<std::string> EventTurns::next_endpoint(Database& db, const std::string& after) const {
    Query query(db,
                "SELECT endpoint FROM events WHERE state = 0 AND endpoint > ? "
                "ORDER BY endpoint LIMIT 1",
                after);
    if (!query.step()) return std::nullopt;
    return query.text(0);
}

std::vector<WebhookEvent> EventTurns::take(const Transaction& tx, const DueRequest& request) {
    std::vector<WebhookEvent> taken;
    const std::string begun_after = last_;
    bool has_wrapped = false;
    std::string at = last_;
    while (taken.size() < request.limit) {
        auto endpoint = next_endpoint(tx.db, at);
        if (!endpoint && has_wrapped) break;
        if (!endpoint) {
            has_wrapped = true;
            at.clear();
            continue;
        }
        if (has_wrapped && *endpoint > begun_after) break;
        at = *endpoint;
        const std::size_t busy = under_way(tx, at);
        const std::size_t free = request.per_endpoint - std::min(busy, request.per_endpoint);
        for (auto row : due_of(tx, at, std::min(free, request.limit - taken.size()))) {
            if (auto event = take_event(tx, row, request.duration))
                taken.push_back(*std::move(event));
            last_ = at;
        }
    }
    return taken;
}

bool record_event_attempt(Database& db, const std::string& event, const DeliveryAttempt& attempt,
                          const AfterAttempt& after) {
    db.run(
        "INSERT INTO deliveries (event, attempt, at, status, latency, note) "
        "SELECT row, ?, ?, ?, ?, ? FROM events WHERE id = ?",
        attempt.attempt, attempt.at, attempt.status, attempt.latency,
        attempt.note.substr(0, kMaxNoteBytes), event);
    return db.run(
               "UPDATE events SET state = ?, due = ?, taken_until = 0 "
               "WHERE id = ? AND attempt = ? AND state = 0",
               after.state, after.next_due, event, attempt.attempt) > 0;
}

bool replay_event(Database& db, const TenantId& tenant, const std::string& event, Now now) {
    return db.run(
               "UPDATE events SET state = 0, attempts_before = attempt, due = ?, taken_until = 0 "
               "WHERE tenant = ? AND id = ?",
               now.wall, tenant.value, event) > 0;
}

std::optional<EventHistory> find_event(Database& db, const TenantId& tenant,
                                       const std::string& event) {
    Query query(db, "SELECT * FROM events WHERE tenant = ? AND id = ?", tenant.value, event);
    if (!query.step()) return std::nullopt;
    return EventHistory{read_event(query), attempts_of(db, query.integer(0))};
}

}  // namespace tutti::store
