// SPDX-License-Identifier: Apache-2.0
#include "store/sqlite_checkpointer.h"

#include "base/log.h"

namespace tutti::store {

SqliteCheckpointer::SqliteCheckpointer(Database db, StoreHealth& health)
    : db_(std::move(db)), health_(health), thread_([this] { run(); }) {
}

SqliteCheckpointer::~SqliteCheckpointer() {
    {
        const std::scoped_lock lock(mutex_);
        is_stopping_ = true;
    }
    changed_.notify_one();
    thread_.join();
    if (health_.broken()) db_.keep_log_on_close();
}

void SqliteCheckpointer::wake() {
    {
        const std::scoped_lock lock(mutex_);
        is_wanted_ = true;
    }
    changed_.notify_one();
}

void SqliteCheckpointer::run() {
    for (;;) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, [this] { return is_stopping_ || is_wanted_; });
        if (is_stopping_) return;
        is_wanted_ = false;
        lock.unlock();
        copy();
    }
}

void SqliteCheckpointer::copy() {
    if (health_.broken()) return;
    try {
        db_.checkpoint();
    } catch (const SqliteError& failure) {
        // The log keeps everything. After a passing fault its next growth tries again.
        if (failure.is_final())
            health_.set_broken(failure.error());
        else
            log::warn("store={}", failure.error().context);
    }
}

}  // namespace tutti::store
