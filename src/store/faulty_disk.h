// SPDX-License-Identifier: Apache-2.0
// A file layer of SQLite's that fails on demand and counts, for tests: full and read-only file
// systems, and syncs that fail. One for the process.
#pragma once

#include <atomic>

namespace tutti::store {

struct FaultyDisk {
    static constexpr const char* kName = "tutti-faulty";
    // Makes the layer known to SQLite; repeated calls do nothing.
    static void install();

    static inline std::atomic<int> syncs{0};
    static inline std::atomic<int> log_syncs{0};    // of these, of -wal files
    static inline std::atomic<int> write_errno{0};  // what every write fails with; 0 = none
    static inline std::atomic<bool> fails_sync{false};

    static void reset() {
        syncs = 0;
        log_syncs = 0;
        write_errno = 0;
        fails_sync = false;
    }
};

}  // namespace tutti::store
