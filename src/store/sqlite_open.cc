// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_open.h"

#include "store/checksum.h"
#include "store/sqlite_schema.h"

#include <fcntl.h>
#include <sys/file.h>

#include <filesystem>
#include <fstream>
#include <thread>

namespace tutti::store {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kLockPause{5};

struct Claim {
    UniqueFd fd;
    bool is_first = false;
};

Result<Claim> claim(const std::string& path, milliseconds patience) {
    Claim made{UniqueFd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600))};
    if (!made.fd) return errno_error("cannot open " + path);
    const auto limit = steady_clock::now() + patience;
    for (;;) {
        made.is_first = ::flock(made.fd.get(), LOCK_EX | LOCK_NB) == 0;
        if (made.is_first || ::flock(made.fd.get(), LOCK_SH | LOCK_NB) == 0) return made;
        if (steady_clock::now() >= limit)
            return Error(Errc::busy,
                         "another process has been checking the job store for too long");
        std::this_thread::sleep_for(kLockPause);
    }
}

bool has_bytes(const std::string& path) {
    std::error_code error;
    const auto size = std::filesystem::file_size(path, error);
    return !error && size > 0;
}

Error damaged(const std::string& what) {
    return {Errc::io, "the job store is damaged (" + what +
                          "); nothing was read from it: restore it, or move it away"};
}

Result<void> check_structure(Database& db, bool is_thorough) {
    Query query(db, is_thorough ? "PRAGMA integrity_check(1)" : "PRAGMA quick_check(1)");
    if (!query.step()) return damaged("no answer to the check");
    const std::string found = query.text(0);
    if (found != "ok") return damaged(found);
    return {};
}

// Every transaction of ours raises the counter, so a row beyond it is of a transaction whose other
// part is missing.
Result<void> check_order(Database& db) {
    Query query(db,
                "SELECT (SELECT change FROM counters), (SELECT max(change) FROM jobs), "
                "(SELECT max(sequence) FROM events)");
    if (!query.step()) return damaged("the counters are missing");
    if (std::max(query.integer(1), query.integer(2)) > query.integer(0))
        return damaged("a change is younger than the last transaction");
    return {};
}

Result<void> check_sums(Database& db, const char* sql) {
    Query row(db, sql);
    while (row.step())
        if (row.integer(0) != checksum({row.blob(1), row.text(2), row.text(3)}))
            return damaged("a checksum is wrong");
    return {};
}

Result<void> check_contents(Database& db) {
    for (const char* sql : {"SELECT checksum, request, id, audio_place FROM jobs",
                            "SELECT checksum, payload, '', '' FROM results",
                            "SELECT checksum, payload, '', '' FROM checkpoints",
                            "SELECT checksum, payload, '', '' FROM events"})
        if (auto checked = check_sums(db, sql); !checked) return checked;
    return check_order(db);
}

// Nobody who holds a lease is alive. Its time is over, as if the worker had been silent.
void end_leases(Database& db) {
    db.run("UPDATE jobs SET lease_until = 0 WHERE state IN (1, 2)");
    db.run("UPDATE events SET taken_until = 0 WHERE state = 0 AND taken_until > 0");
}

// The boot clock has begun again: a back-off of the former one would last for days.
void end_back_offs(Database& db, const std::string& boot_id) {
    if (db.run("UPDATE counters SET boot_id = ? WHERE boot_id <> ?", boot_id, boot_id) > 0)
        db.run("UPDATE jobs SET ready_at = 0 WHERE state = 0 AND waiting = 1");
}

Result<void> begin_alone(Database& db, const OpenRequest& request, bool was_cut_off, Now now) {
    if (auto checked = check_structure(db, was_cut_off); !checked) return checked;
    if (auto migrated = migrate(db, now); !migrated) return migrated;
    if (was_cut_off)
        if (auto checked = check_contents(db); !checked) return checked;
    db.begin_write();
    end_leases(db);
    end_back_offs(db, request.boot_id);
    db.commit();
    return {};
}

Result<OpenFile> open_claimed(Claim& claimed, const OpenRequest& request, Now now) {
    const bool was_cut_off = has_bytes(request.path + "-wal");
    // SQLite would take it for a new file and remove the log.
    if (was_cut_off && !has_bytes(request.path)) return damaged("the file of its log is missing");
    OpenFile file{std::move(claimed.fd),
                  Database(request.path, Database::Access::write, request.vfs)};
    // What turns out to be damaged or of somebody else is left as it was found.
    file.db.keep_log_on_close();
    auto ready =
        claimed.is_first ? begin_alone(file.db, request, was_cut_off, now) : migrate(file.db, now);
    if (!ready) return ready.error();
    if (claimed.is_first) ::flock(file.lock.get(), LOCK_SH);
    return file;
}

}  // namespace

Result<OpenFile> load_store_file(const OpenRequest& request, Now now) {
    auto claimed = claim(request.path + ".lock", request.patience);
    if (!claimed) return claimed.error();
    try {
        return open_claimed(*claimed, request, now);
    } catch (const SqliteError& failure) {
        if (failure.error().errc() == Errc::io) return damaged(failure.error().context);
        return failure.error();
    }
}

std::string load_boot_id() {
    std::ifstream file("/proc/sys/kernel/random/boot_id");
    std::string id;
    std::getline(file, id);
    return id;
}

}  // namespace tutti::store
