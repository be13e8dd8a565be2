// SPDX-License-Identifier: Apache-2.0
// Decides whether somebody who keeps failing, a server or a model, is asked at all. Pure: time
// comes from the caller.
//
//   auto ticket = breaker.admit(now);            // none: do not ask
//   breaker.on_result(now, *ticket, succeeded);  // or on_abandoned: nothing was learned
//
// 1. Closed: everything is admitted. It opens after `consecutive_failures`, or when of the last
//    `window` results at least `failure_share` failed.
// 2. Open: nothing is admitted for `pause`. Then one probe at a time is: a success closes the
//    breaker, a failure opens it again for twice the pause, up to `longest_pause`.
// 3. Results of what was admitted before it opened change nothing any more.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>

namespace tutti::policy {

struct BreakerOptions {
    int consecutive_failures = 5;
    double failure_share = 0.5;
    std::size_t window = 40;
    std::chrono::milliseconds pause{5000};
    std::chrono::milliseconds longest_pause{60000};
};

class Breaker {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;
    enum class State { closed, open, probing };

    // Stands for one admission; belongs to the time between two changes of state.
    struct Ticket {
        std::uint64_t era = 0;
    };

    explicit Breaker(BreakerOptions options) : options_(options), pause_(options.pause) {}

    std::optional<Ticket> admit(TimePoint now);
    void on_result(TimePoint now, Ticket ticket, bool has_succeeded);
    void on_abandoned(Ticket ticket);

    State state() const { return state_; }
    // How long until it may admit again; zero unless it is open.
    std::chrono::milliseconds time_left(TimePoint now) const;

  private:
    void change(State state);
    void open(TimePoint now);
    bool has_failed_enough() const;

    BreakerOptions options_;
    State state_ = State::closed;
    std::uint64_t era_ = 0;
    int failures_in_a_row_ = 0;
    std::deque<bool> latest_;  // of the window; true = failed
    std::chrono::milliseconds pause_;
    TimePoint opened_at_{};
};

}  // namespace tutti::policy
