// SPDX-License-Identifier: Apache-2.0
// The one thread of a process that writes to the store. What waits when it is free goes into one
// transaction with one sync ("group commit"): nobody waits for company, and under load one sync
// serves many.
//
//   writer.post<T>(Durability::power_cut, work, then);
//
// 1. `work(Database&)` runs in a savepoint of its own: when it answers with an error or throws
//    SqliteError, what it wrote is undone and the others of its transaction are not concerned.
// 2. `then` runs after the commit, on the writer's thread.
// 3. A transaction is synced if any of its operations asks for power_cut.
// 4. A failed sync or damage breaks the store's health, and then every write is refused. The
//    operations of that transaction are told that they failed; a restart may still find them.
// 5. At most kMaxQueue wait; more are answered "busy" at once, on the caller's thread.
//
// The destructor finishes what waits.
#pragma once

#include "store/job_store.h"
#include "store/sqlite_checkpointer.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>

namespace tutti::store {

inline constexpr std::size_t kMaxQueue = 4096;

class SqliteWriter {
  public:
    SqliteWriter(Database db, std::size_t max_batch, StoreHealth& health,
                 SqliteCheckpointer& checkpointer);
    ~SqliteWriter();

    template <class T>
    void post(Durability durability, std::function<Result<T>(Database&)> work, Then<T> then) {
        if (auto refused =
                enqueue(std::make_unique<OperationOf<T>>(durability, std::move(work), then)))
            then(*std::move(refused));
    }

  private:
    struct Operation {
        explicit Operation(Durability d) : durability(d) {}
        virtual ~Operation() = default;
        virtual bool run(Database& db) = 0;  // false: undo what it wrote
        virtual void fail(const Error& error) = 0;
        virtual void tell() = 0;
        Durability durability;
    };
    template <class T>
    struct OperationOf;
    using Batch = std::deque<std::unique_ptr<Operation>>;

    std::optional<Error> enqueue(std::unique_ptr<Operation> operation);
    void run();
    Batch take_batch();
    void write(Batch& batch);
    void write_open(Batch& batch);
    void run_one(Operation& operation);
    void on_failure(Batch& batch, const SqliteError& failure);
    void tend_log();

    Database db_;
    const std::size_t max_batch_;
    StoreHealth& health_;
    SqliteCheckpointer& checkpointer_;

    std::mutex mutex_;
    std::condition_variable changed_;
    Batch queue_;               // guarded by mutex_
    bool is_stopping_ = false;  // guarded by mutex_
    std::thread thread_;        // last: it uses all of the above
};

template <class T>
struct SqliteWriter::OperationOf : Operation {
    OperationOf(Durability d, std::function<Result<T>(Database&)> w, Then<T> t)
        : Operation(d), work(std::move(w)), then(std::move(t)) {}

    bool run(Database& db) override {
        result.emplace(work(db));
        return result->has_value();
    }
    void fail(const Error& error) override { result.emplace(error); }
    void tell() override { then(*std::move(result)); }

    std::function<Result<T>(Database&)> work;
    Then<T> then;
    std::optional<Result<T>> result;
};

}  // namespace tutti::store
