// SPDX-License-Identifier: Apache-2.0
// The two clocks of a job's life, read together.
//
// What people set or see (creation, deadline, retention) is wall time. What lasts (a lease, a
// back-off) is measured on the clock of the machine since its boot, which all processes of a node
// share and nobody sets: a wall clock that jumps expires no lease.
#pragma once

#include <chrono>

namespace tutti::store {

using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;

// CLOCK_BOOTTIME: goes on while the machine sleeps, begins again with a boot.
struct BootClock {
    using duration = std::chrono::milliseconds;
    using rep = duration::rep;
    using period = duration::period;
    using time_point = std::chrono::time_point<BootClock>;
    static constexpr bool is_steady = true;
    static time_point now();
};
using BootTime = BootClock::time_point;

struct Now {
    WallTime wall{};
    BootTime boot{};
};

Now read_now();

}  // namespace tutti::store
