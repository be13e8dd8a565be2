// SPDX-License-Identifier: Apache-2.0
// Whether what a configuration names is there. Looks, and changes nothing: no port is bound and no
// folder made.
#pragma once

#include "config/load.h"

#include <sys/types.h>

#include <optional>

namespace tutti::config {

// Whose rights the children have.
struct Account {
    uid_t uid;
    gid_t gid;
};

// The host resolves; the programs of the served models' engines, and our own, can be run; the
// models' folders can be read and have the files of their cards, of their size; the key of the
// audio store is there; the spool can be written to; the folders of the log, pid and control files
// exist. What the children need is judged with their rights, nullopt being our own: nothing else
// may run in the process meanwhile. An error names the setting and where its value came from.
// REQUIRES: program_dir is set.
Result<void> check_surroundings(const LoadedConfig& loaded, std::optional<Account> children);

}  // namespace tutti::config
