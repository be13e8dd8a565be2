// SPDX-License-Identifier: Apache-2.0
#include "base/step_clock.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <vector>

namespace tutti {
namespace {

using std::chrono::milliseconds;

struct Look {
    milliseconds at;
    std::optional<ThreadTimes> times;
};
struct Case {
    const char* name;
    std::vector<Look> looks;
    milliseconds worked;
};

std::optional<ThreadTimes> times(char state, int running, int waiting) {
    return ThreadTimes{state, milliseconds(running), milliseconds(waiting)};
}
Look at(int when, std::optional<ThreadTimes> seen) {
    return {milliseconds(when), seen};
}

TEST(StepClock, CountsWhatIsTheThreadsOwn) {
    const Case cases[] = {
        {"it runs", {at(100, times('R', 50, 0)), at(600, times('R', 550, 0))}, milliseconds(600)},
        {"it sleeps", {at(100, times('S', 50, 0)), at(600, times('S', 50, 0))}, milliseconds(600)},
        {"it is stopped",
         {at(100, times('T', 9, 0)), at(600, times('T', 9, 0))},
         milliseconds(600)},
        {"it waits for a CPU and got none",
         {at(100, times('R', 50, 0)), at(600, times('R', 50, 0)), at(1100, times('R', 50, 0))},
         milliseconds(100)},
        {"it waits most of the time",
         {at(100, times('R', 50, 0)), at(600, times('R', 75, 475))},
         milliseconds(125)},
        {"it waited, then slept",
         {at(100, times('S', 50, 0)), at(600, times('S', 60, 300))},
         milliseconds(300)},
        {"a wait from before is told late",
         {at(100, times('S', 50, 0)), at(200, times('S', 60, 9000))},
         milliseconds(100)},
        {"the kernel tells nothing",
         {at(100, std::nullopt), at(700, std::nullopt)},
         milliseconds(700)},
        {"who looks was stopped for a minute",
         {at(100, times('S', 50, 0)), at(60'100, times('S', 50, 0))},
         milliseconds(2100)},
        {"the clock of the caller stands", {at(0, times('S', 1, 0))}, milliseconds(0)},
    };
    for (const auto& one : cases) {
        const StepClock::TimePoint begun{std::chrono::hours(1)};
        StepClock clock(begun);
        for (const auto& look : one.looks) clock.look(begun + look.at, look.times);
        EXPECT_EQ(clock.worked(), one.worked) << one.name;
    }
}

}  // namespace
}  // namespace tutti
