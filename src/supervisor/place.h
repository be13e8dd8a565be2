// SPDX-License-Identifier: Apache-2.0
// One place for a process ("gateway 0"): keeps it filled, and changes its process start-first.
//
//   place.start();                                  // filled from now on, whatever dies; also
//                                                   // again after retire()
//   auto ready = co_await place.prepare(plan, generation);   // a successor beside the present one
//   place.commit(drain);    or    place.abandon();  // it takes over, or goes again
//   place.retire(drain);                            // no successor; empty when all have ended
//
// A place has one current process, at most one successor that is prepared, and processes that
// leave: they drain and are never replaced. Gateways' listeners belong to the place, so what waits
// in the queue of a dead gateway goes to its successor. Loop thread only.
#pragma once

#include "policy/restart_policy.h"
#include "supervisor/process.h"

#include <list>

namespace tutti::supervisor {

class Place {
  public:
    struct Sockets {
        int listener = -1;  // the server's
        UniqueFd handover;
        std::string handover_path;
    };

    // `number` is its label on the scoreboard. Only gateways have such sockets.
    Place(Node& node, PlannedChild plan, std::uint32_t number,
          std::shared_ptr<const Generation> generation, Sockets sockets);

    void start();
    // The same for a place that was retired, and for what it shall be now.
    void start_as(PlannedChild plan, std::shared_ptr<const Generation> generation);

    asio::awaitable<Result<void>> prepare(PlannedChild plan,
                                          std::shared_ptr<const Generation> generation);
    bool is_prepared() const { return next_ && next_->is_ready(); }
    // REQUIRES: is_prepared().
    void commit(const proto::Drain& predecessor);
    void abandon();
    void retire(const proto::Drain& how);
    // Makes those that leave already leave sooner.
    void hurry(const proto::Drain& how);
    void kill(const char* why);
    // Returns when nothing of an empty place runs any more.
    asio::awaitable<void> wait() { return tasks_.wait(); }

    // Ends hanging processes.
    void judge(Process::Clock::time_point now);

    template <class Message>
    void post(const Message& message) {
        each([&](Process& process) { process.post(message); });
    }
    // To those that serve. A successor that is not committed learns of nobody yet, and so takes no
    // work: a gateway accepts from its first roster on.
    void post_roster(const proto::Roster& roster);

    const std::string& name() const { return plan_.name; }
    proto::Role role() const { return plan_.role; }
    const std::string& model() const { return plan_.model; }
    std::uint32_t number() const { return number_; }
    // Among the places of its role or model.
    std::size_t index() const { return plan_.index; }
    // The process that takes new work, or null.
    const Process* serving() const {
        return current_ && current_->is_ready() ? current_.get() : nullptr;
    }
    bool has_been_ready() const { return has_been_ready_; }
    bool is_wanted() const { return is_wanted_; }
    bool is_failing() const { return restarts_.is_failing(); }
    bool is_empty() const { return !current_ && !next_ && leaving_.empty(); }
    bool is_changing() const { return next_ != nullptr || !leaving_.empty(); }
    std::size_t leaving() const { return leaving_.size(); }
    int deaths() const { return deaths_; }
    const std::string& last_death() const { return last_death_; }

    template <class Function>
    void each(Function visit) const {
        if (current_) visit(*current_);
        if (next_) visit(*next_);
        for (const auto& process : leaving_) visit(*process);
    }

  private:
    using ProcessPtr = std::unique_ptr<Process>;

    Result<ProcessPtr> spawn(const PlannedChild& plan,
                             const std::shared_ptr<const Generation>& generation,
                             Endpoint& endpoint);
    void start_process();
    asio::awaitable<void> tend(Process& process);
    void on_end(Process& process, const runtime::ExitStatus& status);
    void on_death(policy::Death death, const std::string& cause);
    asio::awaitable<void> start_after(std::chrono::milliseconds delay);
    void on_ready(const Process& process);
    void note_serving();

    Node& node_;
    PlannedChild plan_;
    std::uint32_t number_;
    std::shared_ptr<const Generation> generation_;
    Sockets sockets_;
    policy::RestartPolicy restarts_;

    // Engines and scribes: successors of the dead are called where those were, and successors
    // that are prepared somewhere new.
    Endpoint endpoint_;
    Endpoint next_endpoint_;
    ProcessPtr current_;
    ProcessPtr next_;
    PlannedChild next_plan_;
    std::shared_ptr<const Generation> next_generation_;
    std::string next_failure_;
    std::list<ProcessPtr> leaving_;
    bool is_wanted_ = false;
    bool has_been_ready_ = false;
    int deaths_ = 0;
    std::string last_death_;
    asio::steady_timer pause_;  // before the next start
    runtime::TaskGroup tasks_;
};

}  // namespace tutti::supervisor
