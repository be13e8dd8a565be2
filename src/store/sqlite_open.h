// SPDX-License-Identifier: Apache-2.0
// Opens the file of a job store so that nobody works with a damaged one.
//
// Beside the file lies <path>.lock, on which every process that has the store open holds a shared
// lock. Whoever finds it free comes first after all others ended: it checks the whole file before
// anybody reads it, and expires what leases are left, since no worker can be alive. The others wait
// for it.
//
// 1. First after an orderly end: the structure of the file is checked (quick_check). After any
// other
//    end, with a log left behind, so are indices, every checksum, and that no row is younger than
//    the last transaction in the log.
// 2. What fails a check is never opened in part.
#pragma once

#include "base/unique_fd.h"
#include "store/sqlite_database.h"

namespace tutti::store {

struct OpenFile {
    UniqueFd lock;  // closed after the database
    Database db;    // for writing
};

struct OpenRequest {
    std::string path;
    std::string vfs;
    std::string boot_id;                                            // of the machine's present run
    std::chrono::milliseconds patience = std::chrono::seconds(60);  // with another's checks
};

// bad_config: not a store of ours, or newer. io: damaged. no_space, unavailable: cannot be written.
// busy: another process checks it for longer than `patience`. Blocks.
Result<OpenFile> load_store_file(const OpenRequest& request, Now now);

// Of the kernel; empty when it does not tell.
std::string load_boot_id();

}  // namespace tutti::store
