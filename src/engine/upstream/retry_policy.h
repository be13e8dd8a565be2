// SPDX-License-Identifier: Apache-2.0
// Decides whether a request that got no good answer may be sent again, and when. Pure.
//
// Of a request whose repetition does no harm, every failure but a refusal is repeated. Of others
// only what cannot have been worked on twice is:
// 1. Nothing of the request had been sent (connection refused, name unknown, handshake failed).
// 2. It was sent on a connection kept from before, which the server closed without a byte of
//    answer: it had given up the connection already.
// 3. The server said to come again: 429 or 503, not before its Retry-After.
// These never once an answer had begun, nor after silence: the server may be at work.
#pragma once

#include <chrono>
#include <optional>

namespace tutti::engine {

// How one sending ended.
struct AttemptEnd {
    int status = 0;              // of the answer; 0 = there was none
    bool is_repeatable = false;  // doing it twice is doing it once
    bool has_sent = false;
    bool was_reused = false;  // the connection
    bool was_closed = false;  // by the server or the network, as opposed to a timeout
    bool has_answer_begun = false;
    std::optional<std::chrono::milliseconds> retry_after;
};

struct RetryOptions {
    int retries = 3;
    std::chrono::milliseconds first_delay{200};  // doubles
    std::chrono::milliseconds longest_delay{5000};
};

// How long to wait before the next sending; nullopt = never. `jitter` is random in [0, 1).
std::optional<std::chrono::milliseconds> retry_delay(const RetryOptions& options, int retries_done,
                                                     const AttemptEnd& end, double jitter);

}  // namespace tutti::engine
