// SPDX-License-Identifier: Apache-2.0
// One connection to an SQLite file, and its prepared statements. The only place that knows
// sqlite3.h.
//
//   db.run("UPDATE jobs SET state = ? WHERE row = ?", state, row);
//   Query found(db, "SELECT id FROM jobs WHERE row = ?", row);
//   if (found.step()) ... found.text(0) ...
//
// One thread at a time. SQL is a literal: statements are kept by its text. Failures are thrown as
// SqliteError; whoever owns the connection catches it.
#pragma once

#include "base/error.h"
#include "store/now.h"

#include <cstdint>
#include <exception>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <unordered_map>

struct sqlite3;
struct sqlite3_stmt;

namespace tutti::store {

class SqliteError : public std::exception {
  public:
    SqliteError(Error error, bool is_final) : error_(std::move(error)), is_final_(is_final) {}
    const Error& error() const { return error_; }
    // No write may follow: the file is damaged, or a sync failed and what it covered may be lost
    // although a second one would succeed.
    bool is_final() const { return is_final_; }
    const char* what() const noexcept override { return error_.context.c_str(); }

  private:
    Error error_;
    bool is_final_;
};

// Bytes, to be stored as they are (text ends at a zero).
struct Blob {
    std::string_view bytes;
};

// How much a commit survives.
enum class Durability : std::uint8_t { process_death, power_cut };

class Database {
  public:
    enum class Access : std::uint8_t { read, write };

    // `vfs` names one of SQLite's file layers; empty = the usual one.
    Database(const std::string& path, Access access, const std::string& vfs = {});
    Database(Database&&) noexcept;
    Database& operator=(Database&&) = delete;
    ~Database();

    void execute(const std::string& sql);
    template <class... Values>
    std::int64_t run(const char* sql, const Values&... values);  // rows changed

    void begin_write();
    void commit() { execute("COMMIT"); }
    void roll_back() noexcept;
    bool in_transaction() const;
    // REQUIRES: no transaction.
    void set_durability(Durability durability);

    // Frames in the log after this connection's last commit.
    int log_frames() const { return *log_frames_; }
    // Copies what no reader needs any more from the log into the file. False: somebody else does.
    bool checkpoint();
    // Closing it copies and removes the log when nobody else has the file open; not after this.
    void keep_log_on_close();

  private:
    friend class Query;
    struct Closer {
        void operator()(sqlite3* db) const;
    };
    struct Finalizer {
        void operator()(sqlite3_stmt* statement) const;
    };

    void configure(Access access);
    sqlite3_stmt* prepare(const char* sql);
    [[noreturn]] void fail(const std::string& doing) const;
    std::int64_t changes() const;

    std::unique_ptr<sqlite3, Closer> db_;
    std::unordered_map<std::string_view, std::unique_ptr<sqlite3_stmt, Finalizer>> statements_;
    std::optional<Durability> durability_;
    std::unique_ptr<int> log_frames_ = std::make_unique<int>(0);  // SQLite's hook keeps its address
};

// One use of a statement, from its values to its last row. The same SQL may not be in use twice at
// a time on one connection.
class Query {
  public:
    template <class... Values>
    Query(Database& db, const char* sql, const Values&... values)
        : db_(db), statement_(db.prepare(sql)) {
        int at = 0;
        (bind(++at, values), ...);
    }
    Query(const Query&) = delete;
    Query& operator=(const Query&) = delete;
    ~Query();

    bool step();  // whether there is a row

    std::int64_t integer(int column) const;
    std::string text(int column) const;
    std::string blob(int column) const { return text(column); }
    template <class Enum>
    Enum number_of(int column) const {
        return static_cast<Enum>(integer(column));
    }
    WallTime wall(int column) const { return WallTime(std::chrono::milliseconds(integer(column))); }
    // 0 stands for none.
    std::optional<WallTime> optional_wall(int column) const {
        return integer(column) == 0 ? std::nullopt : std::optional(wall(column));
    }
    std::chrono::milliseconds span(int column) const {
        return std::chrono::milliseconds(integer(column));
    }

  private:
    void bind_integer(int at, std::int64_t value);
    void bind_text(int at, std::string_view value);
    void bind_blob(int at, std::string_view value);

    template <class T>
    void bind(int at, const T& value) {
        if constexpr (std::is_integral_v<T> || std::is_enum_v<T>)
            bind_integer(at, static_cast<std::int64_t>(value));
        else if constexpr (std::is_same_v<T, Blob>)
            bind_blob(at, value.bytes);
        else if constexpr (std::is_same_v<T, WallTime> || std::is_same_v<T, BootTime>)
            bind_integer(at, value.time_since_epoch().count());
        else if constexpr (std::is_same_v<T, std::optional<WallTime>>)
            bind_integer(at, value ? value->time_since_epoch().count() : 0);
        else if constexpr (std::is_same_v<T, std::chrono::milliseconds>)
            bind_integer(at, value.count());
        else
            bind_text(at, value);
    }

    Database& db_;
    sqlite3_stmt* statement_;
};

template <class... Values>
std::int64_t Database::run(const char* sql, const Values&... values) {
    Query query(*this, sql, values...);
    while (query.step()) {
    }
    return changes();
}

}  // namespace tutti::store
