// SPDX-License-Identifier: Apache-2.0
#include "store/checksum.h"
#include "store/sqlite_operations.h"

#include <charconv>
#include <limits>

namespace tutti::store {
namespace {

// Where a page ended: behind this job, newest first.
struct Position {
    std::int64_t created = std::numeric_limits<std::int64_t>::max();
    std::int64_t row = std::numeric_limits<std::int64_t>::max();
};

std::string write_cursor(const Job& job) {
    return std::to_string(job.created.time_since_epoch().count()) + "-" + std::to_string(job.row);
}

bool read_number(std::string_view text, std::int64_t& out) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), out);
    return error == std::errc() && end == text.data() + text.size() && out >= 0;
}

std::optional<Position> read_cursor(std::string_view cursor) {
    Position position;
    if (cursor.empty()) return position;
    const auto dash = cursor.find('-');
    if (dash == std::string_view::npos) return std::nullopt;
    if (!read_number(cursor.substr(0, dash), position.created) ||
        !read_number(cursor.substr(dash + 1), position.row))
        return std::nullopt;
    return position;
}

// One upper bound only, so that a late page begins in the index where it begins.
void lower_to(Position& from, const std::optional<WallTime>& before) {
    if (!before || before->time_since_epoch().count() > from.created) return;
    from = {before->time_since_epoch().count(), 0};
}

constexpr const char* kListAll =
    "SELECT * FROM jobs INDEXED BY jobs_by_tenant WHERE tenant = ? AND (created, row) < (?, ?) "
    "AND created > ? ORDER BY created DESC, row DESC LIMIT ?";
constexpr const char* kListState =
    "SELECT * FROM jobs INDEXED BY jobs_by_state WHERE tenant = ? AND state = ? AND "
    "(created, row) < (?, ?) AND created > ? ORDER BY created DESC, row DESC LIMIT ?";

JobPage read_page(Query& query, std::size_t limit) {
    JobPage page;
    while (query.step()) {
        if (page.jobs.size() == limit) {
            page.cursor = write_cursor(page.jobs.back());
            break;
        }
        page.jobs.push_back(read_job(query));
    }
    return page;
}

}  // namespace

Lookup look_up(Database& db, const TenantId& tenant, const JobId& id) {
    Lookup found{find_job(db, tenant, id), false};
    found.is_gone = !found.job && has_tombstone(db, tenant, id);
    return found;
}

Result<JobPage> list_jobs(Database& db, const TenantId& tenant, const JobFilter& filter) {
    auto from = read_cursor(filter.cursor);
    if (!from) return Error(Errc::bad_parameter, "the cursor is not one of a list of jobs");
    if (filter.limit < 1 || filter.limit > kMaxPage)
        return Error(Errc::bad_parameter, "a page has 1 to 1000 jobs");
    lower_to(*from, filter.created_before);
    const WallTime after = filter.created_after.value_or(WallTime::min());
    const auto one_more = filter.limit + 1;
    if (filter.state) {
        Query query(db, kListState, tenant.value, *filter.state, from->created, from->row, after,
                    one_more);
        return read_page(query, filter.limit);
    }
    Query query(db, kListAll, tenant.value, from->created, from->row, after, one_more);
    return read_page(query, filter.limit);
}

ResultLookup look_up_result(Database& db, const TenantId& tenant, const JobId& id) {
    Query query(db,
                "SELECT results.checksum, payload FROM results JOIN jobs ON jobs.row = results.job "
                "WHERE jobs.id = ? AND jobs.tenant = ?",
                id.value, tenant.value);
    if (!query.step()) return {std::nullopt, has_tombstone(db, tenant, id)};
    std::string result = query.blob(1);
    if (query.integer(0) != checksum({result, "", ""}))
        throw SqliteError(Error(Errc::io, "the result of job " + id.value + " is damaged on disk"),
                          false);
    return {std::move(result), false};
}

std::vector<JobChange> read_changes(Database& db, ChangeNumber after, std::size_t limit) {
    Query query(db,
                "SELECT change, tenant, id, state, attempts, audio_position FROM jobs "
                "WHERE change > ? ORDER BY change LIMIT ?",
                after, limit);
    std::vector<JobChange> changes;
    while (query.step())
        changes.push_back({query.integer(0),
                           {query.text(1)},
                           {query.text(2)},
                           query.number_of<JobState>(3),
                           static_cast<int>(query.integer(4)),
                           query.span(5)});
    return changes;
}

StoreStats read_stats(Database& db) {
    Query query(db,
                "SELECT (SELECT count(*) FROM jobs WHERE state = 0 AND waiting = 0) + "
                "(SELECT count(*) FROM jobs WHERE state = 0 AND waiting = 1), "
                "(SELECT count(*) FROM jobs WHERE state IN (1, 2)), "
                "(SELECT count(*) FROM events WHERE state = 0), fenced, change FROM counters");
    query.step();
    return {query.integer(0), query.integer(1), query.integer(2), query.integer(3),
            query.integer(4)};
}

}  // namespace tutti::store
