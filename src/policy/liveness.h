// SPDX-License-Identifier: Apache-2.0
// Decides whether a process hangs. Pure; the supervisor looks at every process at each tick:
//
//   liveness.judge(now, observation)  ->  alive | abort | kill
//
// 1. A process that starts has Limits::boot until it is ready, a ready one Limits::beat between two
//    beats. What is no fault of its own does not count (base/step_clock.h): time in which it got no
//    CPU, or in which the supervisor itself did not look.
// 2. First abort (it writes its stack), after abort_grace kill. There is no way back.
// 3. All times are of the steady clock: setting the wall clock changes nothing.
#pragma once

#include "base/step_clock.h"

#include <chrono>
#include <optional>

namespace tutti::policy {

class Liveness {
  public:
    using Time = StepClock::TimePoint;
    struct Limits {
        std::chrono::milliseconds boot;
        std::chrono::milliseconds beat;
        std::chrono::milliseconds abort_grace{2000};
    };
    struct Observation {
        bool is_starting = false;
        Time last_beat;
        std::optional<ThreadTimes> times;  // of its main thread; worth asking for when is_late()
    };
    enum class Verdict { alive, abort, kill };

    Liveness(Limits limits, Time started) : limits_(limits), silence_(started) {}

    // Its beat is so old that the times matter.
    bool is_late(Time now, bool is_starting, Time last_beat) const;
    Verdict judge(Time now, const Observation& observation);

    // How long it has been silent by its own fault, as of the last judgement.
    std::chrono::milliseconds silence() const {
        return std::chrono::duration_cast<std::chrono::milliseconds>(silence_.worked());
    }
    bool was_starting() const { return was_starting_; }
    // It was told to abort.
    bool is_condemned() const { return aborted_at_.has_value(); }

  private:
    Limits limits_;
    StepClock silence_;  // since the last beat
    Time last_beat_{};
    bool was_starting_ = true;
    std::optional<Time> aborted_at_;
};

}  // namespace tutti::policy
