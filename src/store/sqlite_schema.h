// SPDX-License-Identifier: Apache-2.0
// The tables of the job store, and how older files come to have them.
#pragma once

#include "store/sqlite_database.h"

namespace tutti::store {

inline constexpr int kSchemaVersion = 1;

// Makes what is missing, each version in a transaction of its own. A version only adds: while a
// server is upgraded, the program before it goes on with the same file.
//
// bad_config: the file is of a newer program, or not a job store at all. Nothing was changed then.
Result<void> migrate(Database& db, Now now);

}  // namespace tutti::store
