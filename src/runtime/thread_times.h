// SPDX-License-Identifier: Apache-2.0
// What the kernel tells of a thread: what it is doing, how long it ran, and how long it was able to
// run but had to wait for a CPU. Reads /proc; any thread, any process of the same user.
#pragma once

#include "base/step_clock.h"

#include <sys/types.h>

#include <optional>

namespace tutti::runtime {

// nullopt when there is no such thread, or a kernel that does not keep these figures.
std::optional<ThreadTimes> times_of(pid_t process, pid_t thread);

}  // namespace tutti::runtime
