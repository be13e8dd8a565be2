// SPDX-License-Identifier: Apache-2.0
// The running server as its supervisor sees it: the places of one configuration, and every change
// of them.
//
//   Server server(node, listeners, generation, load);
//   server.start();
//   co_await server.reload();          // and the other changes, one after another
//   co_await server.end(how);          // returns when no process is left
//
// server.cc has what happens by itself, changes.cc what somebody asks for. Loop thread only.
//
// 1. Changes wait for each other. Whoever waits ends with Errc::canceled when the server stops.
// 2. A change is whole or not at all: its new processes are all ready before any old one is told
//    to go, and when one of them fails, all of them go.
#pragma once

#include "supervisor/listeners.h"
#include "supervisor/models.h"
#include "supervisor/place.h"

#include <ctime>
#include <map>
#include <set>

namespace tutti::supervisor {

class Server {
  public:
    using Load = std::function<Result<config::Config>()>;
    enum class State { starting, ready, draining, stopping };

    // What became of a reload.
    struct ReloadReport {
        std::time_t at = 0;
        std::string error;  // empty when it took effect
    };

    Server(Node& node, TcpListeners listeners, std::shared_ptr<const Generation> generation,
           Load load);

    // Makes the places and starts them. An error here ends the start.
    Result<void> start();
    // Everything that happens by the clock: hangs, recycling.
    asio::awaitable<void> watch();
    // REQUIRES: node.is_stopping.
    asio::awaitable<void> end(proto::Drain how);
    // What still runs may take no longer than this.
    void hurry(const proto::Drain& how);
    void kill();

    // --- changes ---
    asio::awaitable<Result<void>> reload();
    // `what` is "gateway", "scribe" or a model's id.
    asio::awaitable<Result<int>> scale(std::string what, int to);
    Result<int> count_of(const std::string& what) const;
    // `name` is a place's, or a model's id for all its places: they get the version of the model
    // that its folder holds now.
    asio::awaitable<Result<void>> restart(std::string name);
    // No gateway takes clients until undrain() or a reload.
    asio::awaitable<Result<void>> drain(proto::Drain how);
    asio::awaitable<Result<void>> undrain();
    void reopen_logs();
    Result<void> set_log_level(const std::string& level);

    Models& models() { return models_; }
    const Models& models() const { return models_; }

    State state() const;
    const Generation& generation() const { return *generation_; }
    const config::Config& config() const { return generation_->config; }
    const TcpListeners& listeners() const { return listeners_; }
    const std::list<std::unique_ptr<Place>>& places() const { return places_; }
    const std::optional<ReloadReport>& last_reload() const { return last_reload_; }
    std::string url() const;
    std::chrono::steady_clock::duration age() const {
        return std::chrono::steady_clock::now() - started_;
    }
    bool has_ready(proto::Role role) const;
    bool has_any(proto::Role role) const;
    // Of each child with the processes it started, by its pid.
    std::map<pid_t, std::uint64_t> memory() const;
    // What a stop gives its processes, and what processes with successors get.
    proto::Drain stop_drain() const;
    proto::Drain replacement_drain() const;

  private:
    using PlacePtr = std::unique_ptr<Place>;
    using Plan = std::vector<PlannedChild>;

    // One change at a time; released by the destructor.
    class Turn;
    asio::awaitable<bool> wait_for_turn();

    void on_roster_changed();
    void tick();
    void recycle_next();
    bool is_changing(proto::Role role) const;
    asio::awaitable<void> recycle(Place& place);

    Result<Plan> plan_for(const config::Config& config, const Models::Sizes& sizes) const;
    // Of the present configuration.
    Result<Plan> present_plan() const { return plan_for(config(), models_.sizes()); }
    bool resize(const std::string& model, int replicas);
    Place* find(const std::string& name) const;
    Result<Place*> add_place(const PlannedChild& planned,
                             std::shared_ptr<const Generation> generation);
    asio::awaitable<Result<void>> reload_in_turn();
    asio::awaitable<Result<void>> change_to(std::shared_ptr<const Generation> generation, Plan plan,
                                            std::vector<Place*> renewed);
    asio::awaitable<Result<void>> prepare_all(std::vector<Place*> places,
                                              std::shared_ptr<const Generation> generation,
                                              const Plan& plan);
    asio::awaitable<void> prepare_one(Place& place, PlannedChild planned,
                                      std::shared_ptr<const Generation> generation,
                                      std::vector<Error>& failures, int& left);
    void retire_surplus(const Plan& plan);
    void remove_later(Place& place);
    asio::awaitable<void> remove_when_empty(Place& place);
    asio::awaitable<void> limit_generations();
    void steer();
    asio::awaitable<void> end_group(bool (*belongs)(proto::Role), proto::Drain how);

    Node& node_;
    TcpListeners listeners_;
    std::shared_ptr<const Generation> generation_;
    Load load_;
    std::list<PlacePtr> places_;
    Models models_;
    std::set<const Place*> going_;  // to be removed when they are empty
    std::uint32_t next_number_ = 0;
    bool is_changing_ = false;
    bool is_reload_waiting_ = false;
    std::uint64_t reloads_begun_ = 0;
    std::uint64_t reloads_ended_ = 0;
    bool is_drained_ = false;
    std::optional<ReloadReport> last_reload_;
    std::chrono::steady_clock::time_point started_ = std::chrono::steady_clock::now();
    int ticks_until_recycling_ = 0;
    runtime::TaskGroup tasks_;
};

}  // namespace tutti::supervisor
