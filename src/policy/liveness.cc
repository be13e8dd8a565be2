// SPDX-License-Identifier: Apache-2.0
#include "policy/liveness.h"

#include <algorithm>

namespace tutti::policy {

bool Liveness::is_late(Time now, bool is_starting, Time last_beat) const {
    return now - (is_starting ? silence_.begun() : last_beat) > StepClock::kLongestGap / 2;
}

Liveness::Verdict Liveness::judge(Time now, const Observation& seen) {
    if (aborted_at_)
        return now - *aborted_at_ >= limits_.abort_grace ? Verdict::kill : Verdict::alive;
    // While it starts its whole start counts, whatever its loop does.
    const bool has_beaten = !seen.is_starting && (was_starting_ || seen.last_beat != last_beat_);
    if (has_beaten) silence_ = StepClock(std::min(now, std::max(silence_.begun(), seen.last_beat)));
    was_starting_ = seen.is_starting;
    last_beat_ = seen.last_beat;
    silence_.look(now, seen.times);
    if (silence_.worked() <= (seen.is_starting ? limits_.boot : limits_.beat))
        return Verdict::alive;
    aborted_at_ = now;
    return Verdict::abort;
}

}  // namespace tutti::policy
