// SPDX-License-Identifier: Apache-2.0
// The job store in one SQLite file, which all processes of a node open.
//
//   auto store = load_sqlite_store({.path = "/var/lib/tutti/jobs.db"}, read_now());
//
// A process that leases jobs keeps its store open while it holds a lease: who opens the file when
// nobody has it open takes every lease in it for expired.
//
// Threads: one that writes, two that read, one that copies the log. The destructor finishes what
// was asked for, and must not run on one of them (in a `then`).
#pragma once

#include "store/job_store.h"
#include "store/sqlite_jobs.h"

#include <memory>

namespace tutti::store {

struct SqliteOptions {
    std::string path;
    StoreRules rules;  // random: empty = a generator of its own
    // Submissions are refused (no_space) while the file system has less than this free, so that
    // what was accepted can still be finished.
    std::uint64_t reserve_bytes = 64 << 20;
    // Operations in one transaction: bounds how long other processes wait. 1 is a sync for each, to
    // measure against.
    std::size_t max_batch = 256;
    std::string vfs;      // a file layer of SQLite's; empty = the usual
    std::string boot_id;  // empty = the kernel's
};

// bad_config: of a newer program, or another file. io: damaged; nothing of it is used. unavailable,
// no_space: cannot be written. busy: being checked by another process. Blocks, for seconds after a
// crash with very many jobs.
Result<std::unique_ptr<JobStore>> load_sqlite_store(SqliteOptions options, Now now);

}  // namespace tutti::store
