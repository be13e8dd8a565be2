// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_database.h"

#include <cerrno>
#include <sqlite3.h>

#include <random>
#include <thread>

namespace tutti::store {
namespace {

using std::chrono::milliseconds;

// Longer than any transaction of ours on a bad disk; who still waits then is told "busy".
constexpr milliseconds kLockPatience{10'000};
// The log is copied by sqlite_checkpointer; this much of it stays allocated afterwards.
constexpr const char* kLogSizeLimit = "67108864";

// SQLite's own handler sleeps up to 100 ms, much longer than a commit takes, and lets late comers
// overtake. Short sleeps of random length let writers of several processes alternate.
int on_locked(void*, int tries) {
    constexpr milliseconds kLongestNap{4};
    static_assert(kLockPatience / kLongestNap < 100'000);
    thread_local std::minstd_rand random{std::random_device{}()};
    thread_local std::chrono::steady_clock::time_point since;
    const auto now = std::chrono::steady_clock::now();
    if (tries == 0) since = now;
    if (now - since > kLockPatience) return 0;
    std::uniform_int_distribution<int> nap(200, 1000 * static_cast<int>(kLongestNap.count()));
    std::this_thread::sleep_for(std::chrono::microseconds(nap(random)));
    return 1;
}

int on_commit(void* frames, sqlite3*, const char*, int in_log) {
    *static_cast<int*>(frames) = in_log;
    return SQLITE_OK;
}

bool is_full(int system_error) {
    return system_error == ENOSPC || system_error == EDQUOT || system_error == EFBIG;
}

struct Cause {
    Errc errc;
    bool is_final;
};

Cause cause_of(int code, int system_error) {
    switch (code & 0xff) {
        case SQLITE_FULL:
            return {Errc::no_space, false};
        case SQLITE_IOERR:
            if (code == SQLITE_IOERR_FSYNC || code == SQLITE_IOERR_DIR_FSYNC)
                return {Errc::unavailable, true};
            return {is_full(system_error) ? Errc::no_space : Errc::unavailable, false};
        case SQLITE_CANTOPEN:
            return {is_full(system_error) ? Errc::no_space : Errc::unavailable, false};
        case SQLITE_READONLY:
        case SQLITE_PERM:
        case SQLITE_AUTH:
            return {Errc::unavailable, false};
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
            return {Errc::busy, false};
        case SQLITE_CORRUPT:
        case SQLITE_NOTADB:
            return {Errc::io, true};
        default:
            return {Errc::internal, false};
    }
}

}  // namespace

void Database::Closer::operator()(sqlite3* db) const {
    sqlite3_close_v2(db);
}

void Database::Finalizer::operator()(sqlite3_stmt* statement) const {
    sqlite3_finalize(statement);
}

Database::Database(const std::string& path, Access access, const std::string& vfs) {
    sqlite3* db = nullptr;
    errno = 0;
    const int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                      (access == Access::write ? SQLITE_OPEN_CREATE : 0);
    const int opened =
        sqlite3_open_v2(path.c_str(), &db, flags, vfs.empty() ? nullptr : vfs.c_str());
    db_.reset(db);
    if (db == nullptr) throw SqliteError(Error(Errc::internal, "no memory for SQLite"), true);
    if (opened != SQLITE_OK) fail("cannot open " + path);
    configure(access);
}

void Database::configure(Access access) {
    sqlite3_busy_handler(db_.get(), on_locked, nullptr);
    sqlite3_wal_hook(db_.get(), on_commit, log_frames_.get());
    execute("PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON");
    if (access == Access::read) {
        execute("PRAGMA query_only = ON");
        keep_log_on_close();
        return;
    }
    execute("PRAGMA journal_mode = WAL; PRAGMA journal_size_limit = " + std::string(kLogSizeLimit));
    Query mode(*this, "PRAGMA journal_mode");
    if (!mode.step() || mode.text(0) != "wal")
        throw SqliteError(Error(Errc::unavailable, "this file system cannot hold a job store"),
                          true);
    set_durability(Durability::power_cut);
}

Database::Database(Database&&) noexcept = default;

Database::~Database() = default;

void Database::fail(const std::string& doing) const {
    // SQLite keeps the system's word for some failures only. What a call of ours began with is
    // zero, so what is there now is of this failure.
    const int system_error = errno;
    const Cause cause = cause_of(sqlite3_extended_errcode(db_.get()), system_error);
    std::string why = doing + ": " + sqlite3_errmsg(db_.get());
    if (system_error != 0) why += " (" + std::generic_category().message(system_error) + ")";
    throw SqliteError(Error(cause.errc, std::move(why)), cause.is_final);
}

void Database::execute(const std::string& sql) {
    errno = 0;
    if (sqlite3_exec(db_.get(), sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
        fail("the job store");
}

void Database::begin_write() {
    execute("BEGIN IMMEDIATE");
}

void Database::roll_back() noexcept {
    if (in_transaction()) sqlite3_exec(db_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

bool Database::in_transaction() const {
    return sqlite3_get_autocommit(db_.get()) == 0;
}

void Database::set_durability(Durability durability) {
    if (durability_ == durability) return;
    execute(durability == Durability::power_cut ? "PRAGMA synchronous = FULL"
                                                : "PRAGMA synchronous = NORMAL");
    durability_ = durability;
}

bool Database::checkpoint() {
    errno = 0;
    const int code =
        sqlite3_wal_checkpoint_v2(db_.get(), nullptr, SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (code == SQLITE_OK) return true;
    if ((code & 0xff) != SQLITE_BUSY) fail("the job store's log cannot be copied");
    return false;
}

void Database::keep_log_on_close() {
    sqlite3_db_config(db_.get(), SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

sqlite3_stmt* Database::prepare(const char* sql) {
    auto& kept = statements_[sql];
    if (!kept) {
        errno = 0;
        sqlite3_stmt* made = nullptr;
        if (sqlite3_prepare_v3(db_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &made, nullptr) !=
            SQLITE_OK)
            fail("the job store");
        kept.reset(made);
    }
    return kept.get();
}

std::int64_t Database::changes() const {
    return sqlite3_changes64(db_.get());
}

Query::~Query() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
}

bool Query::step() {
    errno = 0;
    const int code = sqlite3_step(statement_);
    if (code == SQLITE_ROW) return true;
    if (code == SQLITE_DONE) return false;
    db_.fail("the job store");
}

std::int64_t Query::integer(int column) const {
    return sqlite3_column_int64(statement_, column);
}

std::string Query::text(int column) const {
    const void* bytes = sqlite3_column_blob(statement_, column);
    const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
    return bytes == nullptr ? std::string() : std::string(static_cast<const char*>(bytes), size);
}

void Query::bind_integer(int at, std::int64_t value) {
    sqlite3_bind_int64(statement_, at, value);
}

void Query::bind_text(int at, std::string_view value) {
    sqlite3_bind_text64(statement_, at, value.data() == nullptr ? "" : value.data(), value.size(),
                        SQLITE_TRANSIENT, SQLITE_UTF8);
}

void Query::bind_blob(int at, std::string_view value) {
    sqlite3_bind_blob64(statement_, at, value.data() == nullptr ? "" : value.data(), value.size(),
                        SQLITE_TRANSIENT);
}

}  // namespace tutti::store
