// SPDX-License-Identifier: Apache-2.0
#include "runtime/process_facts.h"

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <optional>
#include <string>

namespace tutti::runtime {
namespace {

// The number after `key` in a file of "key number" lines.
std::optional<std::uint64_t> number_in(const std::string& path, std::string_view key) {
    std::ifstream in(path);
    std::string name, rest;
    std::uint64_t value = 0;
    while (in >> name) {
        if (name == key && in >> value) return value;
        std::getline(in, rest);
    }
    return std::nullopt;
}

std::string control_group() {
    std::ifstream in("/proc/self/cgroup");
    std::string line;
    while (std::getline(in, line))
        if (line.starts_with("0::")) return "/sys/fs/cgroup" + line.substr(3);
    return {};
}

}  // namespace

std::map<pid_t, std::uint64_t> memory_of_groups(const std::set<pid_t>& groups) {
    std::map<pid_t, std::uint64_t> bytes;
    DIR* folder = ::opendir("/proc");
    while (const dirent* entry = folder ? ::readdir(folder) : nullptr) {
        const pid_t pid = std::atoi(entry->d_name);
        const pid_t group = pid > 0 ? ::getpgid(pid) : 0;
        if (!groups.contains(group)) continue;
        const auto path = fmt::format("/proc/{}/smaps_rollup", pid);
        bytes[group] += number_in(path, "Pss:").value_or(0) * 1024;
    }
    if (folder) ::closedir(folder);
    return bytes;
}

std::uint64_t out_of_memory_kills() {
    if (const auto ours = number_in(control_group() + "/memory.events", "oom_kill")) return *ours;
    return number_in("/proc/vmstat", "oom_kill").value_or(0);
}

}  // namespace tutti::runtime
