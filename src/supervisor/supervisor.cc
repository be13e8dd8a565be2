// SPDX-License-Identifier: Apache-2.0
#include "supervisor/supervisor.h"

#include "base/log.h"
#include "supervisor/signals.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/serialize.hpp>
#include <csignal>
#include <fmt/format.h>
#include <unistd.h>

#include <iostream>
#include <map>

namespace tutti::supervisor {
namespace {

using proto::Role;

constexpr auto use_result = asio::as_tuple(asio::use_awaitable);
constexpr auto kQuickLimit = std::chrono::seconds(2);
// Beyond the limits of its processes, for the server itself.
constexpr auto kOwnGrace = std::chrono::seconds(10);
constexpr auto kStatusPause = std::chrono::seconds(5);

}  // namespace

Supervisor::Supervisor(Node& node, Server& server, Standing standing, Startup startup,
                       std::optional<Takeover> takeover)
    : node_(node),
      server_(server),
      control_socket_(std::move(standing.control)),
      pidfile_(std::move(standing.pidfile)),
      notify_(std::move(standing.notify)),
      startup_(std::move(startup)),
      takeover_(std::move(takeover)),
      control_(node.loop,
               [this](boost::json::object request, std::string caller) {
                   return perform(*this, std::move(request), std::move(caller));
               }),
      signals_(node.loop),
      tasks_(node.loop) {
    for (const auto& signal : kSignals) signals_.add(signal.number);
    node_.on_give_up = [this](int code) {
        if (!node_.is_stopping) exit_code_ = code;
        stop({.limit = kQuickLimit});
    };
    node_.on_ask = [this](Process& process, const proto::Ask& ask) {
        tasks_.spawn("ask", answer(process.peer().id, process.name(), ask));
    };
}

int Supervisor::run() {
    std::signal(SIGPIPE, SIG_IGN);
    tasks_.spawn("signals", watch_signals());
    tasks_.spawn("server", run_server());
    node_.loop.run();
    return exit_code_;
}

asio::awaitable<void> Supervisor::run_server() {
    node_.own_slot().role = Role::supervisor;
    node_.own_slot().pid = ::getpid();
    node_.own_slot().phase = runtime::Phase::starting;
    if (auto started = server_.start(); !started) {
        log::error("{}", started.error().message());
        node_.on_give_up(code_of_failed_start(started.error()));
    }
    // Until we serve, the server that we replace answers there.
    if (!takeover_) control_.listen(control_socket_.listener());
    runtime::TaskGroup watching(node_.loop);
    watching.spawn("watch", server_.watch());
    watching.spawn("await ready", await_ready());
    if (notify_.is_active()) watching.spawn("system manager", tell_system_manager());
    co_await node_.changed.wait([this] { return node_.is_stopping; });
    watching.cancel();
    co_await watching.wait();
    notify_.stopping();
    notify_.extend_timeout(stop_how_.pre_stop + stop_how_.limit + kOwnGrace);
    co_await server_.end(stop_how_);
    control_.stop();
    co_await control_.wait();
    signals_.cancel();
}

// The one line on standard output comes when the server serves; scripts wait for it.
asio::awaitable<void> Supervisor::await_ready() {
    co_await node_.changed.wait([this] { return node_.was_ready; });
    node_.own_slot().phase = runtime::Phase::ready;
    node_.own_slot().beat(std::chrono::steady_clock::now());
    write_pidfile();
    std::cout << fmt::format("Tutti is ready: open {}\n", server_.url()) << std::flush;
    notify_.ready(summary());
    if (takeover_) {
        control_.listen(control_socket_.listener());
        takeover_->say_ready();
    }
    log::info("ready: {} places, control socket {}", server_.places().size(),
              control_socket_.path());
}

asio::awaitable<void> Supervisor::answer(std::uint32_t asker, std::string name, proto::Ask ask) {
    const auto reply = co_await perform_for_client(*this, std::move(ask.request), std::move(name));
    proto::Answer answer{.number = ask.number};
    if (reply) {
        answer.text = boost::json::serialize(*reply);
    } else {
        answer.cause = reply.error().errc();
        answer.text = reply.error().context;
    }
    for (const auto& place : server_.places())
        place->each([&](Process& process) {
            if (process.peer().id == asker) process.post(answer);
        });
}

void Supervisor::write_pidfile() {
    if (!pidfile_) return;
    if (auto written = pidfile_->write(); !written)
        log::error("pidfile: {}", written.error().message());
}

std::string Supervisor::summary() const {
    std::map<std::string, std::pair<int, int>> counts;  // ready, all
    for (const auto& place : server_.places()) {
        auto& [ready, all] = counts[std::string(name_of(place->role()))];
        ready += place->serving() != nullptr;
        ++all;
    }
    std::string text;
    for (const auto& [role, count] : counts)
        text +=
            fmt::format("{}{} {} of {}", text.empty() ? "" : ", ", role, count.first, count.second);
    return text;
}

// While the server starts, it asks for more time; once it serves, the watchdog hears of it as long
// as somebody can be served.
asio::awaitable<void> Supervisor::tell_system_manager() {
    const auto interval = notify_.watchdog_interval();
    const auto pause = interval ? std::min<std::chrono::microseconds>(*interval / 2, kStatusPause)
                                : std::chrono::microseconds(kStatusPause);
    asio::steady_timer timer(node_.loop);
    for (;;) {
        if (!node_.was_ready)
            notify_.extend_timeout(server_.config().boot_limit + kOwnGrace);
        else if (server_.has_ready(Role::gateway))
            notify_.watchdog();
        notify_.status(summary());
        timer.expires_after(pause);
        if (const auto [error] = co_await timer.async_wait(use_result); error) co_return;
    }
}

// --- signals -------------------------------------------------------------------------------------

asio::awaitable<void> Supervisor::watch_signals() {
    for (;;) {
        const auto [error, number] = co_await signals_.async_wait(use_result);
        if (error) co_return;
        on_signal(number);
    }
}

void Supervisor::on_signal(int number) {
    switch (number) {
        case SIGTERM:
        case SIGINT:
        case SIGQUIT:
            return on_stop_signal(number);
        case SIGHUP:
            return on_hangup();
        case SIGUSR1:
            return server_.reopen_logs();
        case SIGUSR2:
            return tasks_.spawn("upgrade", upgrade_for_signal());
        case SIGWINCH:
            return tasks_.spawn("drain", drain_for_signal());
        case SIGTTIN:
            return tasks_.spawn("scale up", scale_for_signal(+1));
        case SIGTTOU:
            return tasks_.spawn("scale down", scale_for_signal(-1));
        default:
            return;
    }
}

// A terminal that closes its window does not mean a new configuration.
void Supervisor::on_hangup() {
    if (::isatty(STDIN_FILENO))
        return log::info("HUP from a terminal is ignored; tutti ctl reload is not");
    tasks_.spawn("reload", reload_for_signal());
}

asio::awaitable<void> Supervisor::reload_for_signal() {
    [[maybe_unused]] const auto done = co_await reload();  // logs what became of it
}

asio::awaitable<Result<void>> Supervisor::reload() {
    notify_.reloading();
    auto done = co_await server_.reload();
    notify_.ready(done ? summary() : "the last reload failed: " + done.error().context);
    co_return done;
}

asio::awaitable<void> Supervisor::upgrade_for_signal() {
    const auto done = co_await upgrade();
    if (!done) log::error("upgrade: {}", done.error().context);
}

asio::awaitable<void> Supervisor::scale_for_signal(int by) {
    const auto done = co_await server_.scale("gateway", *server_.count_of("gateway") + by);
    if (!done) log::warn("gateways stay as they are: {}", done.error().context);
}

asio::awaitable<void> Supervisor::drain_for_signal() {
    const auto done = co_await server_.drain(server_.stop_drain());
    if (!done) log::warn("drain: {}", done.error().context);
}

void Supervisor::on_stop_signal(int number) {
    if (++stop_signals_ >= 3) return stop_now();
    if (stop_signals_ == 2 || number == SIGQUIT || node_.is_stopping) return stop_quickly();
    auto how = server_.stop_drain();
    // At a terminal nobody balances load.
    if (number == SIGINT) how = {.limit = how.limit};
    stop_gracefully(how);
}

void Supervisor::stop_gracefully() {
    stop_gracefully(server_.stop_drain());
}

void Supervisor::stop_gracefully(const proto::Drain& how) {
    log::info("stopping: finishing what is under way (again to hurry)");
    stop(how);
}

void Supervisor::stop_quickly() {
    log::info("stopping within 2 s (again to kill)");
    const bool was_stopping = node_.is_stopping;
    stop({.limit = kQuickLimit});
    if (was_stopping) server_.hurry({.limit = kQuickLimit});
}

void Supervisor::stop_now() {
    stop({.limit = kQuickLimit});
    server_.kill();
}

void Supervisor::stop(const proto::Drain& how) {
    if (std::exchange(node_.is_stopping, true)) return;
    node_.own_slot().phase = runtime::Phase::draining;
    stop_how_ = how;
    node_.changed.notify();
}

}  // namespace tutti::supervisor
