// SPDX-License-Identifier: Apache-2.0
// The course of a gateway's end: what it still takes, and when each live stream is to go. Pure:
// the caller tells the time.
//
//   plan.on_drain(now, {...});            again when it is to be faster
//   plan.closes_at()                      from then on nothing new is taken
//   plan.step_of(now, seed)               what a live stream has to do now
//   plan.ends_at()                        what is left then is cut off
//
// 1. A stream's moment is spread evenly, by its seed, over the time after closes_at(). It then goes
//    as soon as its utterance has ended.
// 2. Shortly before the end whoever still speaks is interrupted: what was heard is recognised and
//    told first, unless the client says it again elsewhere. Whoever could not be told even that is
//    told to go.
// 3. Without a limit no stream is told to go: the end comes when the clients have.
// 4. A further drain only shortens: every moment is the earlier of the two.
#pragma once

#include <chrono>
#include <cstdint>
#include <vector>

namespace tutti::policy {

struct DrainTimes {
    std::chrono::milliseconds pre_stop{};
    std::chrono::milliseconds close_spread{};
    std::chrono::milliseconds limit{};  // after pre_stop; zero = none
};

// What a live stream is to do.
enum class DrainStep {
    stay,
    go_when_done,  // after the utterance
    go_now,        // with what was heard so far
    cut_off,       // with an error
};

class DrainPlan {
  public:
    using Time = std::chrono::steady_clock::time_point;

    void on_drain(Time now, const DrainTimes& times);

    bool is_draining() const { return closes_at_ != Time::max(); }
    Time closes_at() const { return closes_at_; }
    // Time::max() without a limit.
    Time ends_at() const { return ends_at_; }
    bool has_limit() const { return ends_at_ != Time::max(); }

    DrainStep step_of(Time now, std::uint64_t seed) const;
    // When the stream of that seed is asked to go; Time::max() = never.
    Time moment_of(std::uint64_t seed) const;

  private:
    struct Window {
        Time begin;
        std::chrono::milliseconds length;
    };

    Time closes_at_ = Time::max();
    Time ends_at_ = Time::max();
    Time last_words_at_ = Time::max();
    Time cut_off_at_ = Time::max();
    std::vector<Window> windows_;
};

}  // namespace tutti::policy
