// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_readers.h"

namespace tutti::store {

SqliteReaders::SqliteReaders(std::vector<Database> connections)
    : connections_(std::move(connections)) {
    for (Database& db : connections_) threads_.emplace_back([this, &db] { run(db); });
}

SqliteReaders::~SqliteReaders() {
    {
        const std::scoped_lock lock(mutex_);
        is_stopping_ = true;
    }
    changed_.notify_all();
    for (std::thread& thread : threads_) thread.join();
}

bool SqliteReaders::enqueue(Read read) {
    {
        const std::scoped_lock lock(mutex_);
        if (queue_.size() >= kMaxReads) return false;
        queue_.push_back(std::move(read));
    }
    changed_.notify_one();
    return true;
}

void SqliteReaders::run(Database& db) {
    for (;;) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return is_stopping_ || !queue_.empty(); });
        if (queue_.empty()) return;
        const Read read = std::move(queue_.front());
        queue_.pop_front();
        lock.unlock();
        read(db);
    }
}

}  // namespace tutti::store
