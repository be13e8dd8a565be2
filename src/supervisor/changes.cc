// SPDX-License-Identifier: Apache-2.0
// What somebody asks of the running server: other processes, another configuration.
#include "base/log.h"
#include "config/load.h"
#include "supervisor/server.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace tutti::supervisor {
namespace {

using proto::Role;
using runtime::Metric;

constexpr std::size_t kMostLeaving = 2;  // of one place
// A gateway whose listener gets nothing new accepts for so long what waits there.
constexpr auto kEmptyingTime = std::chrono::seconds(1);

Error stopping() {
    return Error(Errc::canceled, "the server is stopping");
}

int& count_in(config::Config& config, const std::string& what) {
    if (what == "gateway") return config.gateways;
    if (what == "scribe") return config.scribes;
    return std::ranges::find(config.known_models, what, &config::Model::id)->replicas;
}

}  // namespace

class Server::Turn {
  public:
    explicit Turn(Server& server) : server_(server) {}
    Turn(const Turn&) = delete;
    ~Turn() {
        server_.is_changing_ = false;
        server_.node_.changed.notify();
    }

  private:
    Server& server_;
};

asio::awaitable<bool> Server::wait_for_turn() {
    co_await node_.changed.wait([this] { return !is_changing_ || node_.is_stopping; });
    if (node_.is_stopping) co_return false;
    is_changing_ = true;
    co_return true;
}

// --- reload --------------------------------------------------------------------------------------

// Requests that come while one waits for its turn are answered by that one.
asio::awaitable<Result<void>> Server::reload() {
    const auto mine = reloads_begun_ + 1;
    if (is_reload_waiting_) {
        co_await node_.changed.wait(
            [this, mine] { return reloads_ended_ >= mine || node_.is_stopping; });
        if (reloads_ended_ < mine) co_return stopping();
        if (!last_reload_->error.empty()) co_return Error(Errc::bad_config, last_reload_->error);
        co_return Result<void>();
    }
    is_reload_waiting_ = true;
    const bool has_turn = co_await wait_for_turn();
    is_reload_waiting_ = false;
    if (!has_turn) co_return stopping();
    const Turn turn(*this);
    ++reloads_begun_;
    auto done = co_await reload_in_turn();
    ++reloads_ended_;
    last_reload_ = {std::time(nullptr), done ? "" : done.error().context};
    node_.own_slot().add(done ? Metric::reloads : Metric::reloads_failed);
    if (done)
        log::info("reloaded: generation {}", generation_->number);
    else if (!node_.is_stopping)
        log::error("the reload failed and nothing has changed: {}", done.error().context);
    co_return done;
}

asio::awaitable<Result<void>> Server::reload_in_turn() {
    auto loaded = load_();
    if (!loaded) co_return loaded.error();
    const auto fixed = config::changes_that_need_restart(config(), *loaded);
    if (!fixed.empty())
        co_return Error(Errc::bad_config,
                        fmt::format("{} cannot change while the server runs; restart it",
                                    fmt::join(fixed, ", ")));
    auto plan = plan_for(*loaded, models_.sizes_for(*loaded));
    if (!plan) co_return plan.error();
    auto generation = Generation::make(generation_->number + 1, std::move(*loaded));
    if (!generation) co_return generation.error();
    co_await limit_generations();
    std::vector<Place*> renewed;
    for (const auto& planned : *plan)
        if (auto* place = find(planned.name)) renewed.push_back(place);
    auto changed = co_await change_to(*generation, std::move(*plan), std::move(renewed));
    if (!changed) co_return changed;
    models_.configure(config());
    is_drained_ = false;
    if (auto done = set_log_level(config().log_level); !done) co_return done;
    co_return Result<void>();
}

// Old processes that still drain are not joined by ever more: the oldest go first.
asio::awaitable<void> Server::limit_generations() {
    for (auto& place : places_)
        if (place->leaving() >= kMostLeaving) place->hurry({.limit = config().stop_timeout});
    co_await node_.changed.wait([this] {
        return node_.is_stopping || std::ranges::all_of(places_, [](const auto& place) {
                   return place->leaving() < kMostLeaving;
               });
    });
}

// --- from one set of processes to another --------------------------------------------------------

asio::awaitable<Result<void>> Server::change_to(std::shared_ptr<const Generation> generation,
                                                Plan plan, std::vector<Place*> renewed) {
    auto prepared = std::move(renewed);
    std::vector<Place*> added;
    for (const auto& planned : plan) {
        if (find(planned.name)) continue;
        auto place = add_place(planned, generation);
        if (!place) co_return place.error();
        added.push_back(*place);
        prepared.push_back(*place);
    }
    auto done = co_await prepare_all(prepared, generation, plan);
    if (!done) {
        for (auto* place : prepared) place->abandon();
        for (auto* place : added) remove_later(*place);
        co_return done;
    }
    for (auto* place : prepared) place->commit(replacement_drain());
    generation_ = std::move(generation);
    retire_surplus(plan);
    co_return Result<void>();
}

asio::awaitable<Result<void>> Server::prepare_all(std::vector<Place*> places,
                                                  std::shared_ptr<const Generation> generation,
                                                  const Plan& plan) {
    std::vector<Error> failures;
    int left = static_cast<int>(places.size());
    for (auto* place : places) {
        const auto planned = std::ranges::find(plan, place->name(), &PlannedChild::name);
        tasks_.spawn("prepare", prepare_one(*place, *planned, generation, failures, left));
    }
    co_await node_.changed.wait([&left] { return left == 0; });
    if (!failures.empty()) co_return failures.front();
    if (!std::ranges::all_of(places, &Place::is_prepared))
        co_return Error(Errc::unavailable, "a new process died before it could take over");
    co_return Result<void>();
}

asio::awaitable<void> Server::prepare_one(Place& place, PlannedChild planned,
                                          std::shared_ptr<const Generation> generation,
                                          std::vector<Error>& failures, int& left) {
    auto done = co_await place.prepare(std::move(planned), std::move(generation));
    if (!done) failures.push_back(done.error());
    --left;
    node_.changed.notify();
}

void Server::retire_surplus(const Plan& plan) {
    auto how = replacement_drain();
    how.pre_stop = kEmptyingTime;
    for (auto& place : places_) {
        if (std::ranges::count(plan, place->name(), &PlannedChild::name) > 0) continue;
        if (!place->is_wanted()) continue;
        place->retire(how);
        remove_later(*place);
    }
    steer();
}

void Server::remove_later(Place& place) {
    if (going_.insert(&place).second) tasks_.spawn("remove place", remove_when_empty(place));
}

asio::awaitable<void> Server::remove_when_empty(Place& place) {
    co_await node_.changed.wait([&place] { return place.is_empty() || place.is_wanted(); });
    if (!place.is_wanted()) co_await place.wait();
    going_.erase(&place);
    // A change may have begun to fill the place again meanwhile.
    if (place.is_wanted() || !place.is_empty() || node_.is_stopping) co_return;
    std::erase_if(places_, [&](const auto& one) { return one.get() == &place; });
    std::size_t needed = 0;  // a place that is left may have the last listener
    for (const auto& left : places_)
        if (left->role() == Role::gateway) needed = std::max(needed, left->index() + 1);
    listeners_.close_from(needed);
    on_roster_changed();
}

void Server::steer() {
    listeners_.steer_to(
        static_cast<std::size_t>(std::ranges::count_if(places_, [](const auto& place) {
            return place->role() == Role::gateway && place->is_wanted();
        })));
}

// --- models --------------------------------------------------------------------------------------

// Does not wait: the model's processes are looked after as all others are.
bool Server::resize(const std::string& model, int replicas) {
    if (is_changing_) return false;
    auto sizes = models_.sizes();
    sizes[model] = replicas;
    const auto plan = plan_for(config(), sizes);
    if (!plan) {
        log::error("model {}: {}", model, plan.error().context);
        return false;
    }
    for (const auto& planned : *plan) {
        if (planned.model != model) continue;
        auto* place = find(planned.name);
        if (!place) place = add_place(planned, generation_).value();
        if (!place->is_wanted()) place->start_as(planned, generation_);
    }
    retire_surplus(*plan);
    return true;
}

// --- the smaller changes -------------------------------------------------------------------------

Result<int> Server::count_of(const std::string& what) const {
    const auto is_counted = [&](const auto& place) {
        if (what == "gateway") return place->role() == Role::gateway && place->is_wanted();
        if (what == "scribe") return place->role() == Role::scribe;
        return place->role() == Role::engine && place->model() == what && place->is_wanted();
    };
    const auto count = static_cast<int>(std::ranges::count_if(places_, is_counted));
    if (count == 0 && what != "gateway" && !models_.sizes().contains(what))
        return Error(
            Errc::bad_parameter,
            fmt::format("'{}' is neither gateway nor scribe nor a model that is served", what));
    return count;
}

asio::awaitable<Result<int>> Server::scale(std::string what, int to) {
    if (auto known = count_of(what); !known) co_return known.error();
    if (to < 1 || to > config().scale_limit)
        co_return Error(Errc::bad_parameter,
                        fmt::format("{} can be 1 to {}", what, config().scale_limit));
    if (!co_await wait_for_turn()) co_return stopping();
    const Turn turn(*this);
    if (is_drained_ && what == "gateway")
        co_return Error(Errc::unavailable, "the server is drained; undrain it first");
    auto config = generation_->config;
    count_in(config, what) = to;
    auto sizes = models_.sizes();
    if (sizes.contains(what)) sizes[what] = to;
    auto plan = plan_for(config, sizes);
    if (!plan) co_return plan.error();
    auto generation = Generation::make(generation_->number, std::move(config));
    if (!generation) co_return generation.error();
    std::vector<Place*> back;  // places that were on their way out
    for (const auto& planned : *plan)
        if (auto* place = find(planned.name); place && !place->is_wanted()) back.push_back(place);
    auto changed = co_await change_to(*generation, std::move(*plan), std::move(back));
    if (!changed) co_return changed.error();
    models_.set_least(what, to);
    log::info("{}: {} processes", what, to);
    co_return to;
}

asio::awaitable<Result<void>> Server::restart(std::string name) {
    if (!co_await wait_for_turn()) co_return stopping();
    const Turn turn(*this);
    auto plan = present_plan();
    if (!plan) co_return plan.error();
    std::vector<Place*> renewed;
    for (auto& place : places_)
        if (!name.empty() && place->is_wanted() &&
            (place->name() == name || place->model() == name))
            renewed.push_back(place.get());
    if (renewed.empty())
        co_return Error(Errc::bad_parameter, fmt::format("there is no '{}'", name));
    co_return co_await change_to(generation_, std::move(*plan), std::move(renewed));
}

asio::awaitable<void> Server::recycle(Place& place) {
    if (!co_await wait_for_turn()) co_return;
    const Turn turn(*this);
    auto plan = present_plan();
    const auto planned = std::ranges::find(*plan, place.name(), &PlannedChild::name);
    if (planned == plan->end() || !place.serving()) co_return;
    auto prepared = co_await place.prepare(*planned, generation_);
    if (!prepared) {
        if (!node_.is_stopping) log::error("{}", prepared.error().message());
        co_return;
    }
    node_.board.slot(place.serving() ? place.serving()->peer().slot : 0).add(Metric::recycles);
    // Nobody is sent away for it: the old process goes when its clients have.
    place.commit({});
}

asio::awaitable<Result<void>> Server::drain(proto::Drain how) {
    if (!co_await wait_for_turn()) co_return stopping();
    const Turn turn(*this);
    is_drained_ = true;
    log::info("draining: no gateway takes clients");
    for (auto& place : places_)
        if (place->role() == Role::gateway) place->retire(how);
    co_return Result<void>();
}

asio::awaitable<Result<void>> Server::undrain() {
    if (!co_await wait_for_turn()) co_return stopping();
    const Turn turn(*this);
    if (!is_drained_) co_return Error(Errc::bad_parameter, "the server is not drained");
    auto plan = present_plan();
    if (!plan) co_return plan.error();
    std::vector<Place*> back;
    for (auto& place : places_)
        if (place->role() == Role::gateway) back.push_back(place.get());
    auto changed = co_await change_to(generation_, std::move(*plan), std::move(back));
    if (!changed) co_return changed;
    is_drained_ = false;
    log::info("gateways take clients again");
    co_return Result<void>();
}

void Server::reopen_logs() {
    log::reopen();
    // The children open the file we have just made.
    if (auto given = node_.give_to_children(config().log_file); !given)
        log::error("{}", given.error().message());
    for (auto& place : places_) place->post(proto::ReopenLogs{});
    log::info("the logs were opened again");
}

Result<void> Server::set_log_level(const std::string& level) {
    if (level != "debug" && level != "info" && level != "warn" && level != "error")
        return Error(Errc::bad_parameter, "the log level must be debug, info, warn or error");
    log::set_level(level);
    for (auto& place : places_) place->post(proto::SetLogLevel{level});
    return {};
}

}  // namespace tutti::supervisor
