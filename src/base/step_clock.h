// SPDX-License-Identifier: Apache-2.0
// How long a thread has been at a piece of work, not counting what is no fault of its own. Pure.
//
//   StepClock clock(begun);
//   clock.look(now, times_of(process, thread));      // every now and then
//   if (clock.worked() > limit) ...it hangs...
//
// 1. Time in which it could have run and got no CPU does not count: a starved machine is slow, and
//    killing what is slow makes it slower.
// 2. Time in which it sleeps, is stopped, or runs does.
// 3. Between two looks at most kLongestGap counts: who looked so late was itself held up (stopped
//    in a debugger, a suspended machine), and so, most likely, was what it looks at.
#pragma once

#include <chrono>
#include <optional>

namespace tutti {

// What a thread is doing and has done in its life (runtime/thread_times.h asks the kernel).
struct ThreadTimes {
    char state = '?';  // as ps shows it: R runs or could run, S sleeps, T is stopped...
    std::chrono::nanoseconds running{};
    std::chrono::nanoseconds waiting{};  // up to when it last got a CPU
};

class StepClock {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;
    static constexpr std::chrono::seconds kLongestGap{2};

    explicit StepClock(TimePoint begun) : begun_(begun), last_look_(begun) {}

    void look(TimePoint now, const std::optional<ThreadTimes>& times);
    TimePoint begun() const { return begun_; }
    std::chrono::nanoseconds worked() const { return worked_; }

  private:
    TimePoint begun_;
    TimePoint last_look_;
    std::optional<ThreadTimes> last_times_;
    std::chrono::nanoseconds worked_{};
};

}  // namespace tutti
