// SPDX-License-Identifier: Apache-2.0
// A thread that copies the store's log back into its file, so that no submission waits for it: a
// copy takes two syncs and many writes. Another process may do the same at the same time; one of
// them finds the file busy and leaves it.
//
// Its connection is the last of the process to be closed: if no other process has the file open,
// that copies and removes the log, unless the store is broken.
#pragma once

#include "store/sqlite_database.h"
#include "store/store_health.h"

#include <condition_variable>
#include <mutex>
#include <thread>

namespace tutti::store {

class SqliteCheckpointer {
  public:
    SqliteCheckpointer(Database db, StoreHealth& health);
    ~SqliteCheckpointer();

    // Any thread.
    void wake();

  private:
    void run();
    void copy();

    Database db_;
    StoreHealth& health_;
    std::mutex mutex_;
    std::condition_variable changed_;
    bool is_wanted_ = false;    // guarded by mutex_
    bool is_stopping_ = false;  // guarded by mutex_
    std::thread thread_;        // last: it uses all of the above
};

}  // namespace tutti::store
