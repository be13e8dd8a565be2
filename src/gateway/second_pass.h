// SPDX-License-Identifier: Apache-2.0
// The second pass of one live stream: performs what policy::Refiner decides. Without a second model
// everything is told at once.
//
//   second_pass.on_told(...)    // by the session machine, in its order
//   second_pass.look(now);      // when `wake` was called, and at deadline()
//
// `tell` is called for what the client is to be told; never from within an engine's answer. Loop
// thread only.
#pragma once

#include "dispatch/whole_stream.h"
#include "gateway/services.h"
#include "policy/refiner.h"

#include <functional>
#include <map>
#include <memory>

namespace tutti::gateway {

class SecondPass {
  public:
    using TimePoint = policy::Refiner::TimePoint;

    // `first` is the model of the stream; `wake` asks for a look().
    SecondPass(Services& services, const config::Model& first, std::vector<std::string> hotwords,
               std::function<void()> wake, std::function<void(const policy::Told&)> tell);

    // Whether finals need their audio.
    bool is_wanted() const { return !model_.empty(); }

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
    void take_answers();
    void perform();
    void act(policy::AskSecond& action);
    void act(const policy::StopAsking& action);
    void act(const policy::Told& action) { tell_(action); }
    void count();

    Services& services_;
    std::string model_;  // empty = none
    const std::vector<std::string> hotwords_;
    std::function<void()> wake_;
    std::function<void(const policy::Told&)> tell_;
    policy::Refiner refiner_;
    policy::Refiner::Counts counted_;
    std::map<std::uint64_t, std::unique_ptr<dispatch::WholeStream>> streams_;
};

}  // namespace tutti::gateway
