// SPDX-License-Identifier: Apache-2.0
#include "policy/drain_plan.h"

#include <algorithm>

namespace tutti::policy {
namespace {

using std::chrono::milliseconds;

// Before the end: for the last finals, and for the farewell of those who got none.
constexpr milliseconds kLastWords{2000};
constexpr milliseconds kFarewell{250};

// Evenly over [0, 1), whatever the seeds are (SplitMix64).
double fraction_of(std::uint64_t seed) {
    seed += 0x9e3779b97f4a7c15;
    seed = (seed ^ (seed >> 30)) * 0xbf58476d1ce4e5b9;
    seed = (seed ^ (seed >> 27)) * 0x94d049bb133111eb;
    seed ^= seed >> 31;
    return static_cast<double>(seed >> 11) * 0x1p-53;
}

}  // namespace

void DrainPlan::on_drain(Time now, const DrainTimes& times) {
    closes_at_ = std::min(closes_at_, now + times.pre_stop);
    if (times.limit <= milliseconds(0)) return;
    if (const auto end = now + times.pre_stop + times.limit; end < ends_at_) {
        ends_at_ = end;
        last_words_at_ = ends_at_ - std::min(kLastWords, times.limit / 4);
        cut_off_at_ = ends_at_ - std::min(kFarewell, times.limit / 8);
        closes_at_ = std::min(closes_at_, last_words_at_);
    }
    const auto begin = std::max(now, closes_at_);
    const auto longest = std::chrono::floor<milliseconds>(last_words_at_ - begin);
    windows_.push_back({begin, std::clamp(times.close_spread, milliseconds(0),
                                          std::max(longest, milliseconds(0)))});
}

DrainPlan::Time DrainPlan::moment_of(std::uint64_t seed) const {
    auto moment = Time::max();
    const auto fraction = fraction_of(seed);
    for (const auto& [begin, length] : windows_) {
        const auto offset = static_cast<double>(length.count()) * fraction;
        moment = std::min(moment, begin + milliseconds(static_cast<std::int64_t>(offset)));
    }
    return moment;
}

DrainStep DrainPlan::step_of(Time now, std::uint64_t seed) const {
    if (now >= cut_off_at_) return DrainStep::cut_off;
    if (now >= last_words_at_) return DrainStep::go_now;
    return now >= moment_of(seed) ? DrainStep::go_when_done : DrainStep::stay;
}

}  // namespace tutti::policy
