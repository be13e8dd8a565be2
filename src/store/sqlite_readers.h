// SPDX-License-Identifier: Apache-2.0
// Threads that read the store, each on a connection of its own, beside the writer and each other.
//
//   readers.post<T>(work, then);     // `then` runs on a reader's thread
//
// At most kMaxReads wait; more are answered "busy" at once. The destructor finishes what waits.
#pragma once

#include "store/job_store.h"
#include "store/sqlite_database.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace tutti::store {

inline constexpr std::size_t kMaxReads = 1024;

class SqliteReaders {
  public:
    explicit SqliteReaders(std::vector<Database> connections);
    ~SqliteReaders();

    template <class T>
    void post(std::function<Result<T>(Database&)> work, Then<T> then) {
        auto job = [work = std::move(work), then](Database& db) { then(attempt<T>(work, db)); };
        if (!enqueue(std::move(job))) then(Error(Errc::busy, "the job store has too much to read"));
    }

  private:
    using Read = std::function<void(Database&)>;

    template <class T>
    static Result<T> attempt(const std::function<Result<T>(Database&)>& work, Database& db) {
        try {
            return work(db);
        } catch (const SqliteError& failure) {
            return failure.error();
        }
    }

    bool enqueue(Read read);
    void run(Database& db);

    std::mutex mutex_;
    std::condition_variable changed_;
    std::deque<Read> queue_;    // guarded by mutex_
    bool is_stopping_ = false;  // guarded by mutex_
    std::vector<Database> connections_;
    std::vector<std::thread> threads_;  // last: they use all of the above
};

}  // namespace tutti::store
