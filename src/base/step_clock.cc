// SPDX-License-Identifier: Apache-2.0
#include "base/step_clock.h"

#include <algorithm>

namespace tutti {

void StepClock::look(TimePoint now, const std::optional<ThreadTimes>& times) {
    using std::chrono::nanoseconds;
    const auto passed = std::clamp<nanoseconds>(now - last_look_, nanoseconds(0), kLongestGap);
    auto counted = passed;
    if (times && last_times_) {
        // The wait that goes on is not in `waiting` yet, so of one who can run only what it ran
        // counts.
        counted = times->state == 'R' ? times->running - last_times_->running
                                      : passed - (times->waiting - last_times_->waiting);
    }
    worked_ += std::clamp(counted, nanoseconds(0), passed);
    last_look_ = now;
    last_times_ = times;
}

}  // namespace tutti
