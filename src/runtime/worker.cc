// SPDX-License-Identifier: Apache-2.0
#include "runtime/worker.h"

#include "base/log.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <fcntl.h>
#include <unistd.h>

namespace tutti::runtime {
namespace {

constexpr auto kBeatInterval = std::chrono::milliseconds(500);
constexpr std::size_t kMostAsked = 64;
constexpr auto use_result = asio::as_tuple(asio::use_awaitable);

UnixSocket inherited_channel(asio::io_context& loop) {
    ::fcntl(kChannelFd, F_SETFD, FD_CLOEXEC);
    return UnixSocket(loop, asio::local::stream_protocol(), kChannelFd);
}

Scoreboard inherited_scoreboard() {
    ::fcntl(kScoreboardFd, F_SETFD, FD_CLOEXEC);
    return Scoreboard::attach(UniqueFd(kScoreboardFd)).value();
}

}  // namespace

Worker::Worker(asio::io_context& loop, proto::Role role, std::size_t slot_index)
    : board_(inherited_scoreboard()),
      slot_index_(slot_index),
      channel_(inherited_channel(loop), {.frame = proto::kMaxWorkerFrame, .outbox = 1 << 20}),
      beat_timer_(loop),
      signals_(loop, SIGTERM, SIGINT, SIGQUIT),
      answered_(loop),
      tasks_(loop) {
    for (int ignored : {SIGHUP, SIGUSR2, SIGWINCH, SIGPIPE}) std::signal(ignored, SIG_IGN);
    signals_.add(SIGUSR1);
    slot().role = role;
    slot().pid = ::getpid();
    slot().phase = Phase::starting;
    slot().beat(std::chrono::steady_clock::now());
}

asio::awaitable<void> Worker::run() {
    tasks_.spawn("channel reader", read_channel());
    tasks_.spawn("channel writer", channel_.run_writer());
    tasks_.spawn("beat", beat());
    tasks_.spawn("signals", watch_signals());
    co_await tasks_.wait();
}

void Worker::post_ready(const proto::Ready& ready) {
    slot().phase = Phase::ready;
    channel_.post(ready);
}

void Worker::post_wanted(const std::string& model) {
    channel_.post(proto::Wanted{model});
}

asio::awaitable<Result<std::string>> Worker::ask(std::string request) {
    if (is_parent_lost_ || asked_.size() >= kMostAsked)
        co_return Error(Errc::busy, "too much is asked of the server right now");
    const auto asked = asked_.emplace(++last_asked_, std::nullopt).first;
    const auto forget = [this](auto* it) { asked_.erase(*it); };
    const std::unique_ptr<const decltype(asked), decltype(forget)> hold(&asked, forget);
    channel_.post(proto::Ask{asked->first, std::move(request)});
    const auto is_answered = [&] { return asked->second || is_parent_lost_; };
    co_await answered_.wait(is_answered);
    auto answer = std::move(asked->second);
    if (!answer) co_return Error(Errc::unavailable, "the server is ending");
    if (answer->cause != Errc::ok) co_return Error(answer->cause, std::move(answer->text));
    co_return std::move(answer->text);
}

void Worker::shut_down() {
    is_parent_lost_ = true;  // the end of the channel is our own doing from here on
    answered_.notify();
    channel_.close();
    tasks_.cancel();
}

asio::awaitable<void> Worker::read_channel() {
    for (;;) {
        while (auto body = channel_.next()) handle(*body);
        if (channel_.is_broken() || co_await channel_.fill()) break;
    }
    lose_parent();
}

void Worker::handle(std::string_view body) {
    const auto message = proto::decode<proto::FromSupervisor>(body);
    if (!message) {
        log::error("supervisor channel: {}", message.error().message());
        return lose_parent();
    }
    std::visit([this](const auto& m) { on(m); }, *message);
}

void Worker::on(const proto::Roster& roster) {
    if (on_roster) on_roster(roster);
}

void Worker::on(const proto::Drain& drain) {
    slot().phase = Phase::draining;
    if (on_drain) on_drain(drain);
}

void Worker::on(const proto::ReopenLogs&) {
    log::reopen();
}

void Worker::on(const proto::SetLogLevel& message) {
    log::set_level(message.level);
}

void Worker::on(const proto::Answer& answer) {
    const auto asked = asked_.find(answer.number);
    if (asked == asked_.end()) return;
    asked->second = answer;
    answered_.notify();
}

asio::awaitable<void> Worker::beat() {
    for (;;) {
        slot().beat(oldest_work ? oldest_work() : std::chrono::steady_clock::now());
        beat_timer_.expires_after(kBeatInterval);
        if (auto [error] = co_await beat_timer_.async_wait(use_result); error) co_return;
    }
}

asio::awaitable<void> Worker::watch_signals() {
    for (;;) {
        const auto [error, number] = co_await signals_.async_wait(use_result);
        if (error) co_return;
        if (number == SIGUSR1)
            log::reopen();
        else
            on(proto::Drain{.limit = number == SIGTERM ? kTermLimit : kQuickLimit});
    }
}

void Worker::lose_parent() {
    if (std::exchange(is_parent_lost_, true)) return;
    slot().phase = Phase::draining;
    answered_.notify();
    if (on_lost_parent) on_lost_parent();
}

asio::local::stream_protocol::acceptor inherited_unix_listener(asio::io_context& loop) {
    ::fcntl(kListenerFd, F_SETFD, FD_CLOEXEC);
    return {loop, asio::local::stream_protocol(), kListenerFd};
}

}  // namespace tutti::runtime
