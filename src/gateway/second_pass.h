// SPDX-License-Identifier: Apache-2.0
// What becomes of a live stream's finals before the client is told: performs what policy::Refiner
// decides, once about their audio with a second model, and once about their text with a model that
// punctuates. Without such a model everything is told at once.
//
//   finals.on_told(...)    // by the session machine, in its order
//   finals.look(now);      // when `wake` was called, and at deadline()
//
// A model that misses limits is not asked for a while, by no stream of this gateway (pauses.h).
//
// `tell` is called for what the client is to be told; never from within an engine's answer. Loop
// thread only.
#pragma once

#include "dialect/live.h"
#include "dispatch/whole_stream.h"
#include "gateway/services.h"
#include "policy/refiner.h"

#include <functional>
#include <map>
#include <memory>

namespace tutti::gateway {

// One model that is asked about finals.
class SecondPass {
  public:
    using TimePoint = policy::Refiner::TimePoint;
    using Tell = std::function<void(const policy::Told&)>;

    struct Options {
        std::string model;  // empty = none
        policy::Refiner::Options refiner;
        std::vector<std::string> hotwords;
    };

    // `wake` asks for a look().
    SecondPass(Services& services, Options options, std::function<void()> wake, Tell tell);

    bool is_wanted() const { return !options_.model.empty(); }

    void on_told(policy::Told told);
    void look(TimePoint now);
    // Tells everything that waits.
    void give_up();
    // Tells nothing more; nothing is left at any engine.
    void drop();

    std::optional<TimePoint> deadline() const { return refiner_.deadline(); }
    bool is_idle() const { return refiner_.is_idle(); }
    proto::Millis end_of_finals() const { return refiner_.end_of_finals(); }

  private:
    void take_answers(TimePoint now);
    void perform();
    void act(policy::AskSecond& action);
    void act(const policy::StopAsking& action);
    void act(const policy::Told& action) { tell_(action); }
    void count();

    Services& services_;
    const Options options_;
    std::function<void()> wake_;
    Tell tell_;
    policy::Refiner refiner_;
    policy::Refiner::Counts counted_;
    std::map<std::uint64_t, std::unique_ptr<dispatch::WholeStream>> streams_;
};

// The two of them, one after the other.
class Finals {
  public:
    using TimePoint = SecondPass::TimePoint;

    // `first` is the model of the stream.
    Finals(Services& services, const config::Model& first, const dialect::LiveSettings& settings,
           const std::function<void()>& wake, SecondPass::Tell tell);

    // Whether finals need their audio.
    bool need_audio() const { return second_.is_wanted(); }

    void on_told(policy::Told told) { second_.on_told(std::move(told)); }
    void look(TimePoint now);
    void give_up();
    void drop();

    std::optional<TimePoint> deadline() const;
    bool is_idle() const { return second_.is_idle() && marks_.is_idle(); }
    // Of those that may be told later.
    proto::Millis end_of_finals() const {
        return std::max(second_.end_of_finals(), marks_.end_of_finals());
    }

  private:
    SecondPass marks_;
    SecondPass second_;
};

}  // namespace tutti::gateway
