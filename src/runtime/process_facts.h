// SPDX-License-Identifier: Apache-2.0
// What /proc tells of a process. Made by the kernel from memory: reading it waits for no disk.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <map>
#include <set>

namespace tutti::runtime {

// Memory of each of these process groups, all its processes together; pages they share are counted
// once. Goes through the whole of /proc, so ask once for many groups.
std::map<pid_t, std::uint64_t> memory_of_groups(const std::set<pid_t>& groups);

// How often the kernel killed a process for want of memory: in our own control group, or on the
// machine when there is none.
std::uint64_t out_of_memory_kills();

}  // namespace tutti::runtime
