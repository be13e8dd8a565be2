// SPDX-License-Identifier: Apache-2.0
// Running as another user, with nothing that leads back.
//
//   supervisor:  auto run_as = resolve_user(config.user, config.group);
//                give_to(path, run_as);  argv += {"--run-as", to_flag(run_as)}
//   child:       restrict_self(flag)   // "" = stay who we are
//
// 1. After restrict_self() no program that the process starts has more rights than itself.
// 2. Of a user that was changed, neither ids, groups nor capabilities can be had back; a change
// that
//    leaves a way back is an error.
//
// The ids of the whole process change, so restrict_self() belongs before any thread.
#pragma once

#include "base/error.h"

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::runtime {

struct RunAs {
    uid_t uid = 0;
    gid_t gid = 0;
    bool operator==(const RunAs&) const = default;
};

// Of names or numbers; `group` empty means the user's own. Nothing when both are empty or are what
// we are already. Errors are Errc::bad_config: unknown names, a change that only root may make,
// root itself.
Result<std::optional<RunAs>> resolve_user(const std::string& user, const std::string& group);

// "UID:GID", as the flag --run-as takes it; empty for nothing.
std::string to_flag(const std::optional<RunAs>& run_as);
Result<std::optional<RunAs>> parse_run_as(std::string_view flag);

// What a child does before anything else that could fail as another user.
Result<void> restrict_self(std::string_view run_as_flag);

Result<void> drop_to(RunAs run_as);

// Makes it the owner of a file, folder or socket; symbolic links are not followed.
Result<void> give_to(const std::filesystem::path& path, RunAs run_as);

}  // namespace tutti::runtime
