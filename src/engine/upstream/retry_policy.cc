// SPDX-License-Identifier: Apache-2.0
#include "engine/upstream/retry_policy.h"

#include <algorithm>

namespace tutti::engine {
namespace {

using std::chrono::milliseconds;

bool is_told_to_come_again(const AttemptEnd& end) {
    return end.status == 429 || end.status == 503;
}

bool may_repeat(const AttemptEnd& end) {
    if (end.status != 0)
        return is_told_to_come_again(end) || (end.is_repeatable && end.status >= 500);
    if (end.is_repeatable) return true;
    if (end.has_answer_begun) return false;
    return !end.has_sent || (end.was_reused && end.was_closed);
}

}  // namespace

std::optional<milliseconds> retry_delay(const RetryOptions& options, int retries_done,
                                        const AttemptEnd& end, double jitter) {
    if (retries_done >= options.retries || !may_repeat(end)) return std::nullopt;
    const auto doubled = options.first_delay * (1 << std::min(retries_done, 20));
    const auto delay = std::min<milliseconds>(doubled, options.longest_delay);
    // Half of it at random, so that those who failed together do not return together.
    const auto spread = milliseconds(
        static_cast<std::int64_t>(static_cast<double>(delay.count()) * (1 + jitter) / 2));
    if (!end.retry_after) return spread;
    return *end.retry_after + spread - delay / 2;
}

}  // namespace tutti::engine
