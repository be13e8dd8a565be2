// SPDX-License-Identifier: Apache-2.0
// Decides when a child that ended is started again. Pure: the caller tells the time and acts.
//
//   policy.on_ready(now);  policy.on_exit(now, death, server_was_ready)  ->  Restart | GiveUp
//
// 1. The successor of a child that had served starts at once; after that delays double from
//    min_delay to max_delay, with jitter. A child that served for stable_after is forgiven
//    everything.
// 2. breaker_deaths within breaker_window open the breaker: the place is failing, and the next try
//    comes after max_delay, until a child has served for stable_after.
// 3. Before the server was ever ready it gives up: on an exit code that another try cannot mend
//    (configuration, model, usage), on a start that took too long, and when the breaker opens.
// 4. Once the server has been ready nothing gives up.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <variant>

namespace tutti::policy {

struct Restart {
    std::chrono::milliseconds delay{};
    bool operator==(const Restart&) const = default;
};
struct GiveUp {
    int exit_code = 0;
    bool operator==(const GiveUp&) const = default;
};
using RestartDecision = std::variant<Restart, GiveUp>;

struct Death {
    std::optional<int> exit_code;  // nullopt = by a signal
    bool was_slow_start = false;   // killed because it was not ready in time
};

class RestartPolicy {
  public:
    using Time = std::chrono::steady_clock::time_point;
    struct Options {
        std::chrono::milliseconds min_delay{100};
        std::chrono::milliseconds max_delay{30'000};
        std::chrono::milliseconds stable_after{60'000};
        double jitter = 0.2;  // part of the delay, either way
        std::size_t breaker_deaths = 5;
        std::chrono::milliseconds breaker_window{60'000};
    };

    RestartPolicy() : RestartPolicy(Options{}, 1) {}
    RestartPolicy(Options options, std::uint32_t seed) : options_(options), random_(seed | 1) {}

    void on_ready(Time now) { ready_since_ = now; }
    RestartDecision on_exit(Time now, Death death, bool server_was_ready);

    bool is_failing() const { return is_failing_; }
    // A child has served for long enough that the breaker closes.
    void on_still_serving(Time now);

  private:
    void forgive();
    void note_death(Time now);
    double next_jitter();

    Options options_;
    std::uint32_t random_;
    std::optional<Time> ready_since_;
    std::deque<Time> deaths_;  // within the window
    int failures_ = 0;
    bool is_failing_ = false;
};

}  // namespace tutti::policy
