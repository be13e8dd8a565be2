// SPDX-License-Identifier: Apache-2.0
// One child process, from its start to its end.
//
//   auto process = Process::start(node, order);
//   auto status = co_await process->run();                     // until it has ended
//   process->drain(how);  process->kill();
//
// Loop thread only.
#pragma once

#include "policy/liveness.h"
#include "policy/recycling.h"
#include "runtime/child_process.h"
#include "runtime/ipc_channel.h"
#include "runtime/task_group.h"
#include "supervisor/child_plan.h"
#include "supervisor/generation.h"
#include "supervisor/node.h"

#include <functional>

namespace tutti::supervisor {

class Process {
  public:
    enum class State { starting, ready, draining };
    using Clock = std::chrono::steady_clock;

    // What to start. The descriptors stay the caller's.
    struct Order {
        PlannedChild plan;
        std::uint32_t number = 0;  // of its place
        std::shared_ptr<const Generation> generation;
        int listener = -1;
        int handover = -1;  // gateways
        std::string path;   // of the socket that others reach it by
    };

    static Result<std::unique_ptr<Process>> start(Node& node, Order order);
    ~Process();

    std::function<void()> on_ready = [] {};

    // Reads what it says until it has ended.
    asio::awaitable<runtime::ExitStatus> run();

    // What a process of the place is told: who takes new work.
    template <class Message>
    void post(const Message& message) {
        channel_.post(message);
    }
    void drain(const proto::Drain& how);
    void kill(const char* why);

    // Looks whether it hangs, and acts.
    void judge(Clock::time_point now);
    // Why it should be replaced, if it should.
    std::optional<std::string> recycle_reason(std::uint64_t rss_bytes) const;

    State state() const { return state_; }
    bool is_ready() const { return state_ == State::ready; }
    // It failed to become ready in its time and was ended for that.
    bool was_slow_start() const { return liveness_.is_condemned() && liveness_.was_starting(); }
    // What an operator is told of its end: "not ready in time, signal 6 (Aborted)".
    std::string cause_of(const runtime::ExitStatus& end) const;
    pid_t pid() const { return child_.pid(); }
    const proto::Peer& peer() const { return peer_; }
    const Generation& generation() const { return *order_.generation; }
    const std::string& name() const { return order_.plan.name; }
    Clock::duration age() const { return Clock::now() - started_; }
    Clock::duration beat_age() const;
    const runtime::Slot& slot() const { return slot_; }
    std::uint64_t requests() const;

  private:
    Process(Node& node, Order order, std::uint32_t slot, runtime::ChildProcess child,
            runtime::UnixSocket channel);

    asio::awaitable<void> read_channel();
    asio::awaitable<void> kill_after(proto::Drain how);
    void take_ready(const proto::Ready& ready);

    Node& node_;
    Order order_;
    runtime::Slot& slot_;
    runtime::ChildProcess child_;
    runtime::IpcChannel channel_;
    proto::Peer peer_;
    State state_ = State::starting;
    Clock::time_point started_ = Clock::now();
    std::uint64_t requests_before_ = 0;  // by the slot's earlier processes
    policy::Liveness liveness_;
    policy::RecycleLimits recycle_;
    std::uint64_t out_of_memory_before_ = 0;
    runtime::TaskGroup tasks_;
};

}  // namespace tutti::supervisor
