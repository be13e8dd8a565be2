// SPDX-License-Identifier: Apache-2.0
#include "supervisor/place.h"

#include "base/check.h"
#include "base/exit_code.h"
#include "base/log.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

namespace tutti::supervisor {

using runtime::Metric;
using runtime::Phase;
using std::chrono::steady_clock;

Place::Place(Node& node, PlannedChild plan, std::uint32_t number,
             std::shared_ptr<const Generation> generation, Sockets sockets)
    : node_(node),
      plan_(std::move(plan)),
      number_(number),
      generation_(std::move(generation)),
      sockets_(std::move(sockets)),
      restarts_({}, number + 1),
      pause_(node.loop),
      tasks_(node.loop) {
}

Result<Place::ProcessPtr> Place::spawn(const PlannedChild& plan,
                                       const std::shared_ptr<const Generation>& generation,
                                       Endpoint& endpoint) {
    const bool is_gateway = plan.role == proto::Role::gateway;
    if (!is_gateway && endpoint.path().empty()) {
        const auto name = fmt::format("{}.sock", ++node_.endpoints_made);
        auto made = Endpoint::make(node_.dir.path() / name);
        if (!made) return made.error();
        endpoint = std::move(*made);
        if (auto given = node_.give_to_children(endpoint.path()); !given) return given.error();
    }
    auto process = Process::start(
        node_, {.plan = plan,
                .number = number_,
                .generation = generation,
                .listener = is_gateway ? sockets_.listener : endpoint.listener(),
                .handover = sockets_.handover.get(),
                .path = is_gateway ? sockets_.handover_path : endpoint.path().string()});
    if (!process) return process;
    (*process)->on_ready = [this, started = process->get()] { on_ready(*started); };
    tasks_.spawn("process", tend(**process));
    return process;
}

void Place::start_as(PlannedChild plan, std::shared_ptr<const Generation> generation) {
    plan_ = std::move(plan);
    generation_ = std::move(generation);
    start();
}

void Place::start() {
    is_wanted_ = true;
    has_been_ready_ = false;
    deaths_ = 0;
    start_process();
}

void Place::start_process() {
    auto process = spawn(plan_, generation_, endpoint_);
    if (process) {
        current_ = std::move(*process);
        return;
    }
    // A program that cannot be started at all counts as one whose files are missing.
    on_death({.exit_code = exit_code::model_failed}, process.error().message());
}

void Place::on_ready(const Process& process) {
    if (&process == current_.get()) note_serving();
}

void Place::note_serving() {
    has_been_ready_ = true;
    restarts_.on_ready(steady_clock::now());
    node_.on_roster_changed();
}

asio::awaitable<void> Place::tend(Process& process) {
    const auto status = co_await process.run();
    on_end(process, status);
    node_.changed.notify();
}

void Place::on_end(Process& process, const runtime::ExitStatus& status) {
    const auto ended = fmt::format("{} pid={} ended with {}; {}", name(), process.pid(),
                                   status.describe(), status.usage());
    if (&process == current_.get()) {
        const policy::Death death{
            .exit_code = status.signal ? std::nullopt : std::optional(status.code),
            .was_slow_start = process.was_slow_start()};
        log::warn("{}", ended);
        const auto cause = process.cause_of(status);
        current_.reset();
        on_death(death, cause);
    } else if (&process == next_.get()) {
        log::warn("{}, before it took over", ended);
        next_failure_ = process.cause_of(status);
        next_.reset();
    } else {
        if (status.is_clean())
            log::info("{}", ended);
        else
            log::warn("{}", ended);
        std::erase_if(leaving_, [&](const auto& one) { return one.get() == &process; });
    }
}

void Place::on_death(policy::Death death, const std::string& cause) {
    ++deaths_;
    last_death_ = cause;
    if (node_.is_stopping) return;
    const auto decision = restarts_.on_exit(steady_clock::now(), death, node_.was_ready);
    if (const auto index = node_.take_slot(role(), number_)) {
        auto& slot = node_.board.slot(*index);  // the one it had
        slot.add(Metric::restarts);
        slot.phase = is_failing() ? Phase::failing : Phase::dead;
    }
    node_.on_roster_changed();
    if (const auto* give_up = std::get_if<policy::GiveUp>(&decision)) {
        log::error("{} cannot start ({}); the server ends", name(), cause);
        return node_.on_give_up(give_up->exit_code);
    }
    const auto delay = std::get<policy::Restart>(decision).delay;
    if (is_failing())
        log::error("{} keeps failing ({} deaths); the next try is in {} ms", name(), deaths_,
                   delay.count());
    else
        log::info("{}: the successor starts in {} ms", name(), delay.count());
    tasks_.spawn("restart", start_after(delay));
}

asio::awaitable<void> Place::start_after(std::chrono::milliseconds delay) {
    if (delay.count() > 0) {
        pause_.expires_after(delay);
        co_await pause_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
    if (is_wanted_ && !current_ && !node_.is_stopping) start_process();
}

asio::awaitable<Result<void>> Place::prepare(PlannedChild plan,
                                             std::shared_ptr<const Generation> generation) {
    auto process = spawn(plan, generation, next_endpoint_);
    if (!process) co_return process.error();
    next_ = std::move(*process);
    next_plan_ = std::move(plan);
    next_generation_ = std::move(generation);
    co_await node_.changed.wait(
        [this] { return !next_ || next_->is_ready() || node_.is_stopping; });
    if (node_.is_stopping) {
        abandon();
        co_return Error(Errc::canceled, "the server is stopping");
    }
    if (is_prepared()) co_return Result<void>();
    co_return Error(Errc::unavailable,
                    fmt::format("{} did not become ready: {}", next_plan_.name, next_failure_));
}

void Place::commit(const proto::Drain& predecessor) {
    check(is_prepared(), "a successor takes over that is not ready");
    pause_.cancel();
    is_wanted_ = true;
    plan_ = std::move(next_plan_);
    generation_ = std::move(next_generation_);
    if (current_) {
        current_->drain(predecessor);
        leaving_.push_back(std::move(current_));
    }
    current_ = std::move(next_);
    // Closes our copy of the old one: nobody would answer there.
    endpoint_ = std::exchange(next_endpoint_, Endpoint());
    note_serving();
}

void Place::abandon() {
    next_endpoint_ = Endpoint();
    if (!next_) return;
    next_->kill("it is not needed after all");
    leaving_.push_back(std::move(next_));
}

void Place::retire(const proto::Drain& how) {
    is_wanted_ = false;
    pause_.cancel();
    abandon();
    hurry(how);
    endpoint_ = Endpoint();
    if (!current_) return;
    current_->drain(how);
    leaving_.push_back(std::move(current_));
    node_.on_roster_changed();
}

void Place::hurry(const proto::Drain& how) {
    for (const auto& process : leaving_) process->drain(how);
}

void Place::kill(const char* why) {
    is_wanted_ = false;
    pause_.cancel();
    each([&](Process& process) { process.kill(why); });
}

void Place::judge(Process::Clock::time_point now) {
    const bool was_failing = is_failing();
    restarts_.on_still_serving(now);
    if (was_failing && !is_failing()) log::info("{} serves again", name());
    each([&](Process& process) { process.judge(now); });
}

void Place::post_roster(const proto::Roster& roster) {
    if (current_) current_->post(roster);
    for (const auto& process : leaving_) process->post(roster);
}

}  // namespace tutti::supervisor
