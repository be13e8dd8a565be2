// SPDX-License-Identifier: Apache-2.0
#include "policy/restart_policy.h"

#include "base/exit_code.h"

#include <algorithm>

namespace tutti::policy {

RestartDecision RestartPolicy::on_exit(Time now, Death death, bool server_was_ready) {
    const int code = death.exit_code.value_or(exit_code::internal);
    if (!server_was_ready && (exit_code::is_hopeless(code) || death.was_slow_start))
        return GiveUp{code};
    on_still_serving(now);
    const bool had_served = ready_since_.has_value();
    ready_since_.reset();
    note_death(now);
    if (is_failing_ && !server_was_ready)
        return GiveUp{code == exit_code::ok ? exit_code::internal : code};
    // The first death of a child that had served starts its successor at once: its work waits.
    if (failures_++ == 0 && had_served) return Restart{};
    const auto doubled = options_.min_delay * (1 << std::min(failures_ - 1, 16));
    const auto delay = is_failing_ ? options_.max_delay : std::min(doubled, options_.max_delay);
    const double factor = 1 + options_.jitter * next_jitter();
    return Restart{std::chrono::milliseconds(
        static_cast<std::int64_t>(static_cast<double>(delay.count()) * factor))};
}

void RestartPolicy::on_still_serving(Time now) {
    if (ready_since_ && now - *ready_since_ >= options_.stable_after) forgive();
}

void RestartPolicy::forgive() {
    failures_ = 0;
    deaths_.clear();
    is_failing_ = false;
}

void RestartPolicy::note_death(Time now) {
    deaths_.push_back(now);
    while (now - deaths_.front() > options_.breaker_window) deaths_.pop_front();
    if (deaths_.size() >= options_.breaker_deaths) is_failing_ = true;
}

// Uniform in [-1, 1): xorshift, good enough to keep many children from marching in step.
double RestartPolicy::next_jitter() {
    random_ ^= random_ << 13;
    random_ ^= random_ >> 17;
    random_ ^= random_ << 5;
    return static_cast<double>(random_) / 2147483648.0 - 1;
}

}  // namespace tutti::policy
