// SPDX-License-Identifier: Apache-2.0
// A file layer of SQLite's that fails on demand, counts, and remembers what was synced, for tests:
// full and read-only file systems, syncs that fail, and power cuts. One for the process.
#pragma once

#include "store/store_fixture.h"

#include <atomic>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>

namespace tutti::store {

struct FaultyDisk {
    static constexpr const char* kName = "tutti-faulty";
    // Makes the layer known to SQLite; repeated calls do nothing.
    static void install();

    static inline std::atomic<int> syncs{0};
    static inline std::atomic<int> log_syncs{0};    // of these, of -wal files
    static inline std::atomic<int> write_errno{0};  // what every write fails with; 0 = none
    static inline std::atomic<bool> fails_sync{false};

    // What each file (by its name without folder) held when it was last synced, while
    // is_remembering: all that a power cut is sure to leave.
    static inline std::atomic<bool> is_remembering{false};
    static inline std::mutex mutex;
    static inline std::map<std::string, std::string> synced;  // guarded by mutex
    static void write_synced(const std::filesystem::path& folder);

    static void reset() {
        is_remembering = false;
        synced.clear();
        syncs = 0;
        log_syncs = 0;
        write_errno = 0;
        fails_sync = false;
    }
};

class FaultyDiskTest : public StoreTest {
  protected:
    FaultyDiskTest() {
        FaultyDisk::install();
        FaultyDisk::reset();
    }
    ~FaultyDiskTest() override { FaultyDisk::reset(); }
    SqliteOptions faulty() const {
        SqliteOptions options = this->options();
        options.vfs = FaultyDisk::kName;
        return options;
    }
    Caller open_faulty() { return Caller(load_sqlite_store(faulty(), kStart).value()); }
};

}  // namespace tutti::store
