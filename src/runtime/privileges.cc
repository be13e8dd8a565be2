// SPDX-License-Identifier: Apache-2.0
#include "runtime/privileges.h"

#include <fmt/format.h>
#include <grp.h>
#include <linux/capability.h>
#include <pwd.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <charconv>

namespace tutti::runtime {
namespace {

Error bad_config(std::string why) {
    return Error(Errc::bad_config, std::move(why));
}

// The largest id means "unchanged" to the system and is nobody's.
std::optional<unsigned> number_in(std::string_view text) {
    unsigned number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, number);
    if (failure != std::errc() || stop != end || number == ~0u) return std::nullopt;
    return number;
}

// `gid` is that of the user, for when no group is named.
Result<RunAs> find_user(const std::string& name, bool needs_gid) {
    const auto number = number_in(name);
    const passwd* entry = number ? ::getpwuid(*number) : ::getpwnam(name.c_str());
    if (entry) return RunAs{entry->pw_uid, entry->pw_gid};
    if (!number) return bad_config(fmt::format("user: there is no user '{}'", name));
    if (needs_gid) return bad_config(fmt::format("user: {} has no name, so set group too", name));
    return RunAs{*number, 0};
}

Result<gid_t> find_group(const std::string& name) {
    if (const auto number = number_in(name)) return *number;
    if (const group* entry = ::getgrnam(name.c_str())) return entry->gr_gid;
    return bad_config(fmt::format("group: there is no group '{}'", name));
}

Result<void> forbid_new_privileges() {
    if (::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) return errno_error("PR_SET_NO_NEW_PRIVS");
    return {};
}

Result<void> empty_capabilities() {
    if (::prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) != 0)
        return errno_error("PR_CAP_AMBIENT_CLEAR_ALL");
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    const __user_cap_data_struct none[2] = {};
    if (::syscall(SYS_capset, &header, none) != 0) return errno_error("capset");
    return {};
}

bool is_dropped_for_good(RunAs run_as) {
    uid_t uids[3];
    gid_t gids[3];
    if (::getresuid(&uids[0], &uids[1], &uids[2]) != 0) return false;
    if (::getresgid(&gids[0], &gids[1], &gids[2]) != 0) return false;
    for (int i = 0; i < 3; ++i)
        if (uids[i] != run_as.uid || gids[i] != run_as.gid) return false;
    return ::setresuid(0, 0, 0) != 0 && ::getgroups(0, nullptr) == 0;
}

}  // namespace

Result<std::optional<RunAs>> resolve_user(const std::string& user, const std::string& group) {
    using Answer = std::optional<RunAs>;
    if (user.empty() && group.empty()) return Answer();
    const RunAs self{::geteuid(), ::getegid()};
    RunAs wanted = self;
    if (!user.empty()) {
        const auto found = find_user(user, group.empty());
        if (!found) return found.error();
        wanted = *found;
    }
    if (!group.empty()) {
        const auto found = find_group(group);
        if (!found) return found.error();
        wanted.gid = *found;
    }
    if (wanted == self) return Answer();
    if (self.uid != 0) return bad_config("user, group: only root can run its children as another");
    if (wanted.uid == 0)
        return bad_config("user: must not be root; to change the group, name a user");
    return Answer(wanted);
}

std::string to_flag(const std::optional<RunAs>& run_as) {
    return run_as ? fmt::format("{}:{}", run_as->uid, run_as->gid) : std::string();
}

Result<std::optional<RunAs>> parse_run_as(std::string_view flag) {
    using Answer = std::optional<RunAs>;
    if (flag.empty()) return Answer();
    const auto colon = flag.find(':');
    if (colon == std::string_view::npos) return bad_config("--run-as must be UID:GID");
    const auto uid = number_in(flag.substr(0, colon));
    const auto gid = number_in(flag.substr(colon + 1));
    if (!uid || !gid || *uid == 0) return bad_config("--run-as must be UID:GID, and not of root");
    return Answer(RunAs{*uid, *gid});
}

Result<void> restrict_self(std::string_view run_as_flag) {
    const auto run_as = parse_run_as(run_as_flag);
    if (!run_as) return run_as.error();
    return *run_as ? drop_to(**run_as) : forbid_new_privileges();
}

Result<void> drop_to(RunAs run_as) {
    if (::setgroups(0, nullptr) != 0) return errno_error("setgroups");
    if (::setresgid(run_as.gid, run_as.gid, run_as.gid) != 0) return errno_error("setresgid");
    if (::setresuid(run_as.uid, run_as.uid, run_as.uid) != 0) return errno_error("setresuid");
    if (auto done = empty_capabilities(); !done) return done;
    if (auto done = forbid_new_privileges(); !done) return done;
    // The change of user made our entries in /proc root's, which we read ourselves and the
    // supervisor shows.
    if (::prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0) return errno_error("PR_SET_DUMPABLE");
    if (!is_dropped_for_good(run_as))
        return Error(Errc::internal, "the user was changed, but can be changed back");
    return {};
}

Result<void> give_to(const std::filesystem::path& path, RunAs run_as) {
    if (::lchown(path.c_str(), run_as.uid, run_as.gid) != 0)
        return errno_error(fmt::format("give {} to user {}", path.native(), run_as.uid));
    return {};
}

}  // namespace tutti::runtime
