// SPDX-License-Identifier: Apache-2.0
#include "store/now.h"

#include "base/check.h"

#include <ctime>

namespace tutti::store {

BootTime BootClock::now() {
    timespec at{};
    check(clock_gettime(CLOCK_BOOTTIME, &at) == 0, "clock_gettime");
    const auto since_boot = std::chrono::seconds(at.tv_sec) + std::chrono::nanoseconds(at.tv_nsec);
    return BootTime(std::chrono::duration_cast<duration>(since_boot));
}

Now read_now() {
    const auto wall = std::chrono::system_clock::now();
    return {std::chrono::floor<std::chrono::milliseconds>(wall), BootClock::now()};
}

}  // namespace tutti::store
