// SPDX-License-Identifier: Apache-2.0
#include "dispatch/engines.h"

#include "base/log.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace tutti::dispatch {
namespace {

using std::chrono::steady_clock;

constexpr auto kRetryPause = std::chrono::milliseconds(50);
constexpr auto use_result = asio::as_tuple(asio::use_awaitable);

}  // namespace

Engines::Engines(asio::io_context& loop, runtime::Slot& slot)
    : loop_(loop), slot_(slot), tasks_(loop) {
}

void Engines::Request::withdraw() {
    if (std::exchange(is_waiting_, false)) engines_.waiting_.erase(place_);
}

void Engines::update(const proto::Roster& roster) {
    for (auto& [id, replica] : replicas_) replica.takes_work = false;
    for (const auto& peer : roster.peers) {
        if (peer.role != proto::Role::engine) continue;
        auto& replica = replicas_[peer.id];
        replica.peer = peer;
        replica.takes_work = true;
        if (!replica.is_kept && !is_shut_down_) {
            replica.is_kept = true;
            tasks_.spawn("engine link", keep_connected(peer.id));
        }
    }
    // Where a dead engine was called its successor is, too: a link made meanwhile leads to that.
    for (auto& [id, replica] : replicas_)
        if (!replica.takes_work && replica.link) replica.link->retire();
    notes_ = roster.models;
    refuse_waiting();
}

// on_unavailable() may change the list, so begin anew each time.
void Engines::refuse_waiting() {
    for (auto it = waiting_.begin(); it != waiting_.end();) {
        Request& request = **it;
        const auto why = refusal(request.model_);
        if (!why) {
            ++it;
            continue;
        }
        request.withdraw();
        request.client_.on_unavailable(*why);
        it = waiting_.begin();
    }
}

// Connects as long as the roster names the engine.
asio::awaitable<void> Engines::keep_connected(std::uint32_t id) {
    auto& replica = replicas_[id];
    while (replica.takes_work && !is_shut_down_) {
        runtime::UnixSocket socket(loop_);
        const auto [error] = co_await socket.async_connect(
            asio::local::stream_protocol::endpoint(replica.peer.socket), use_result);
        if (error == asio::error::operation_aborted) break;
        if (!error) {
            replica.link =
                std::make_shared<EngineLink>(loop_, std::move(socket), replica.peer, slot_);
            look_again();
            co_await replica.link->run();
            replica.link.reset();
        }
        asio::steady_timer pause(loop_, kRetryPause);
        if (auto [stopped] = co_await pause.async_wait(use_result); stopped) break;
    }
    replica.is_kept = false;
    if (!replica.takes_work) replicas_.erase(id);
}

void Engines::want(Request& request) {
    if (request.is_waiting_) return;
    request.place_ = waiting_.insert(waiting_.end(), &request);
    request.is_waiting_ = true;
    look_again();
}

void Engines::look_again() {
    for (auto it = waiting_.begin(); it != waiting_.end();) {
        Request& request = **it;
        ++it;
        auto link = choose(request);
        if (!link) {
            tell_wanted(request.model_);
            continue;
        }
        // on_engine() may change the list, so begin anew; whoever still waits keeps the order.
        request.withdraw();
        request.client_.on_engine(link->lease(request.client_, request.mode_));
        it = waiting_.begin();
    }
    // A refusal passes with time alone, and nobody tells of it.
    if (!waiting_.empty() && !std::exchange(is_retrying_, true) && !is_shut_down_)
        tasks_.spawn("retry", retry_later());
}

asio::awaitable<void> Engines::retry_later() {
    asio::steady_timer pause(loop_, kRetryPause);
    const auto [stopped] = co_await pause.async_wait(use_result);
    is_retrying_ = false;
    if (!stopped) look_again();
}

std::shared_ptr<EngineLink> Engines::choose(const Request& request) const {
    std::shared_ptr<EngineLink> best;
    const auto now = steady_clock::now();
    for (const auto& [id, replica] : replicas_) {
        if (!replica.takes_work_now() || replica.peer.model != request.model_) continue;
        if (!replica.link->has_room(request.mode_, now)) continue;
        if (!best || replica.link->streams(request.mode_) < best->streams(request.mode_))
            best = replica.link;
    }
    return best;
}

void Engines::tell_wanted(const std::string& model) {
    const auto* note = note_of(model);
    if (!note || !note->may_be_asked_for || is_served(model)) return;
    const auto now = steady_clock::now();
    auto& told = wanted_told_[model];
    if (now < told + kWantedEvery) return;
    told = now;
    on_wanted(model);
}

const proto::ModelNote* Engines::note_of(std::string_view model) const {
    const auto found = std::ranges::find(notes_, model, &proto::ModelNote::id);
    return found == notes_.end() ? nullptr : &*found;
}

proto::ModelState Engines::state_of(std::string_view model) const {
    if (is_served(model)) return proto::ModelState::ready;
    const auto* note = note_of(model);
    return note ? note->state : proto::ModelState::unloaded;
}

bool Engines::can_serve(std::string_view model) const {
    const auto* note = note_of(model);
    return is_served(model) || (note && note->is_on_demand && note->may_be_asked_for);
}

std::optional<Error> Engines::refusal(std::string_view model) const {
    const auto* note = note_of(model);
    if (!note || note->may_be_asked_for || is_served(model)) return std::nullopt;
    return Error(Errc::unavailable,
                 fmt::format("the model '{}' is not available: {}", model, note->why));
}

bool Engines::is_loading(std::string_view model) const {
    const auto* note = note_of(model);
    return note && note->state == proto::ModelState::loading && !is_served(model);
}

std::size_t Engines::waiting(std::string_view model) const {
    return static_cast<std::size_t>(std::ranges::count_if(
        waiting_, [&](const auto* request) { return request->model_ == model; }));
}

bool Engines::is_served(std::string_view model) const {
    return std::ranges::any_of(replicas_, [&](const auto& entry) {
        return entry.second.peer.model == model && entry.second.is_serving();
    });
}

bool Engines::aligns(std::string_view model) const {
    return std::ranges::any_of(replicas_, [&](const auto& entry) {
        const auto& [id, replica] = entry;
        return replica.is_serving() && replica.peer.model == model && replica.peer.aligns;
    });
}

bool Engines::is_full(std::string_view model) const {
    const auto now = steady_clock::now();
    bool is_connected = false;
    for (const auto& [id, replica] : replicas_) {
        if (replica.peer.model != model || !replica.takes_work_now()) continue;
        if (replica.link->has_room(proto::StreamMode::live, now)) return false;
        is_connected = true;
    }
    return is_connected;
}

std::size_t Engines::whole_slots(std::string_view model) const {
    std::size_t slots = 0;
    for (const auto& [id, replica] : replicas_)
        if (replica.takes_work_now() && replica.peer.model == model)
            slots += replica.peer.whole_slots;
    return slots;
}

void Engines::shut_down() {
    is_shut_down_ = true;
    for (auto& [id, replica] : replicas_)
        if (replica.link) replica.link->close();
    tasks_.cancel();
}

}  // namespace tutti::dispatch
