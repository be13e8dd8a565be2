// SPDX-License-Identifier: Apache-2.0
#include "supervisor/server.h"

#include "base/exit_code.h"
#include "base/log.h"
#include "runtime/process_facts.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace tutti::supervisor {
namespace {

using proto::Role;

constexpr auto kTick = std::chrono::milliseconds(500);
constexpr int kTicksPerRecycling = 2;
// Longest time for engines and scribes to end once no gateway is left to give them work.
constexpr auto kLastOnesLimit = std::chrono::seconds(2);

}  // namespace

Server::Server(Node& node, TcpListeners listeners, std::shared_ptr<const Generation> generation,
               Load load)
    : node_(node),
      listeners_(std::move(listeners)),
      generation_(std::move(generation)),
      load_(std::move(load)),
      models_(node, places_,
              [this](const std::string& model, int replicas) { return resize(model, replicas); }),
      tasks_(node.loop) {
    node_.on_roster_changed = [this] { on_roster_changed(); };
    node_.on_wanted = [this](const std::string& model) { models_.on_wanted(model); };
}

Result<void> Server::start() {
    models_.configure(config());
    const auto plan = present_plan();
    if (!plan) return plan.error();
    for (const auto& planned : *plan)
        if (auto added = add_place(planned, generation_); !added) return added.error();
    for (auto& place : places_)
        if (!node_.is_stopping) place->start();
    steer();
    return {};
}

Result<Server::Plan> Server::plan_for(const config::Config& config,
                                      const Models::Sizes& sizes) const {
    auto sized = config;
    for (const auto& [model, replicas] : sizes)
        std::ranges::find(sized.known_models, model, &config::Model::id)->replicas = replicas;
    auto plan =
        plan_children(sized, static_cast<int>(std::max(1u, std::thread::hardware_concurrency())));
    std::map<std::string, int> counts;
    for (const auto& planned : plan)
        if (++counts[fmt::format("{} {}", name_of(planned.role), planned.model)] >
            config.scale_limit)
            return Error(Errc::bad_config,
                         fmt::format("more than {} processes for {} {}(scale_limit)",
                                     config.scale_limit, name_of(planned.role),
                                     planned.model.empty() ? "" : planned.model + " "));
    const auto gateways = std::ranges::count(plan, Role::gateway, &PlannedChild::role);
    if (static_cast<std::size_t>(gateways) < listeners_.least_gateways())
        return Error(Errc::bad_config,
                     fmt::format("gateways must be at least {}, as many as the sockets of systemd",
                                 listeners_.least_gateways()));
    return plan;
}

Place* Server::find(const std::string& name) const {
    const auto found = std::ranges::find(places_, name, &Place::name);
    return found == places_.end() ? nullptr : found->get();
}

Result<Place*> Server::add_place(const PlannedChild& planned,
                                 std::shared_ptr<const Generation> generation) {
    Place::Sockets sockets;
    const auto number = next_number_++;
    if (planned.role == Role::gateway) {
        const auto listener = listeners_.at(planned.index);
        if (!listener) return listener.error();
        sockets.listener = *listener;
        sockets.handover_path = node_.dir.path() / fmt::format("gateway-{}.sock", number);
        auto handover = bind_datagram(sockets.handover_path);
        if (!handover) return handover.error();
        sockets.handover = std::move(*handover);
        if (auto given = node_.give_to_children(sockets.handover_path); !given)
            return given.error();
    }
    places_.push_back(
        std::make_unique<Place>(node_, planned, number, std::move(generation), std::move(sockets)));
    return places_.back().get();
}

void Server::on_roster_changed() {
    models_.note_failures(std::chrono::steady_clock::now());
    proto::Roster roster{.peers = {}, .models = models_.tell()};
    for (const auto& place : places_)
        if (const auto* process = place->serving()) roster.peers.push_back(process->peer());
    for (const auto& place : places_)
        if (place->role() != Role::engine) place->post_roster(roster);
    if (!node_.was_ready && !node_.is_stopping)
        node_.was_ready = std::ranges::all_of(places_, &Place::has_been_ready);
    node_.changed.notify();
}

asio::awaitable<void> Server::watch() {
    asio::steady_timer timer(node_.loop);
    for (;;) {
        timer.expires_after(kTick);
        const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        if (error) co_return;
        tick();
    }
}

void Server::tick() {
    const auto now = std::chrono::steady_clock::now();
    node_.own_slot().beat(now);
    for (auto& place : places_) place->judge(now);
    models_.tick(now, [this] { return memory(); });
    if (++ticks_until_recycling_ < kTicksPerRecycling) return;
    ticks_until_recycling_ = 0;
    recycle_next();
}

// At most one of a role at a time, so that the others carry the work; of several that are due the
// oldest, so that each gets its turn.
void Server::recycle_next() {
    if (is_changing_ || node_.is_stopping) return;
    std::map<pid_t, std::uint64_t> rss;
    if (config().max_rss_bytes > 0) rss = memory();
    Place* oldest = nullptr;
    std::optional<std::string> why;
    for (auto& place : places_) {
        if (!place->serving() || is_changing(place->role())) continue;
        if (oldest && place->serving()->age() <= oldest->serving()->age()) continue;
        if (auto reason = place->serving()->recycle_reason(rss[place->serving()->pid()])) {
            oldest = place.get();
            why = std::move(reason);
        }
    }
    if (!oldest) return;
    log::info("{} is replaced after {}", oldest->name(), *why);
    tasks_.spawn("recycle", recycle(*oldest));
}

bool Server::is_changing(Role role) const {
    return std::ranges::any_of(places_, [role](const auto& place) {
        return place->role() == role && place->is_changing();
    });
}

bool Server::has_ready(Role role) const {
    return std::ranges::any_of(places_, [role](const auto& place) {
        return place->role() == role && place->serving() != nullptr;
    });
}

bool Server::has_any(Role role) const {
    return std::ranges::any_of(
        places_, [role](const auto& place) { return place->role() == role && !place->is_empty(); });
}

std::map<pid_t, std::uint64_t> Server::memory() const {
    std::set<pid_t> pids;
    for (const auto& place : places_)
        place->each([&](const Process& process) { pids.insert(process.pid()); });
    return runtime::memory_of_groups(pids);
}

Server::State Server::state() const {
    if (node_.is_stopping) return State::stopping;
    if (is_drained_) return State::draining;
    return node_.was_ready ? State::ready : State::starting;
}

std::string Server::url() const {
    return fmt::format("http://{}:{}", listeners_.host_of_url(), listeners_.port());
}

proto::Drain Server::stop_drain() const {
    const auto& c = config();
    return {.pre_stop = c.pre_stop,
            .close_spread = std::min(c.close_spread, c.stop_timeout / 2),
            .limit = c.stop_timeout};
}

proto::Drain Server::replacement_drain() const {
    const auto& c = config();
    return {.close_spread = std::min(c.close_spread, c.drain_timeout / 2),
            .limit = c.drain_timeout};
}

asio::awaitable<void> Server::end(proto::Drain how) {
    co_await end_group([](Role role) { return role == Role::gateway; }, how);
    const proto::Drain last{.limit = std::min<proto::Millis>(how.limit, kLastOnesLimit)};
    co_await end_group([](Role role) { return role == Role::scribe; }, last);
    co_await end_group([](Role) { return true; }, last);
    tasks_.cancel();
    for (auto& place : places_) co_await place->wait();
    co_await tasks_.wait();
}

asio::awaitable<void> Server::end_group(bool (*belongs)(Role), proto::Drain how) {
    for (auto& place : places_)
        if (belongs(place->role())) place->retire(how);
    co_await node_.changed.wait([this, belongs] {
        return std::ranges::none_of(places_, [belongs](const auto& place) {
            return belongs(place->role()) && !place->is_empty();
        });
    });
}

void Server::hurry(const proto::Drain& how) {
    for (auto& place : places_) place->retire(how);
}

void Server::kill() {
    for (auto& place : places_) place->kill("told to stop at once");
}

}  // namespace tutti::supervisor
