// SPDX-License-Identifier: Apache-2.0
// The binary upgrade, from the side of the server that is replaced.
#include "base/log.h"
#include "supervisor/supervisor.h"

#include <unistd.h>

namespace tutti::supervisor {
namespace {

using proto::Role;

constexpr auto kQuickLimit = std::chrono::seconds(2);
// Beyond the start of the slowest process, for a new server to become ready.
constexpr auto kUpgradeGrace = std::chrono::seconds(10);
// So long the old server stays to take over again if the new one crashes.
constexpr auto kProbation = std::chrono::seconds(5);

}  // namespace

Estate Supervisor::estate() const {
    Estate estate{.origin = server_.listeners().origin(),
                  .control = control_socket_.listener(),
                  .control_lock = control_socket_.lock()};
    if (pidfile_) estate.pidfile_lock = pidfile_->lock_fd();
    for (const auto& socket : server_.listeners().sockets())
        estate.listeners.push_back(socket.get());
    estate.environment = notify_.environment_of_successor();
    return estate;
}

asio::awaitable<Result<pid_t>> Supervisor::upgrade() {
    if (is_upgrading_) co_return Error(Errc::busy, "an upgrade is under way");
    is_upgrading_ = true;
    auto successor = co_await hand_over(node_, startup_.program, startup_.argv, estate(),
                                        server_.config().boot_limit + kUpgradeGrace);
    if (!successor) {
        is_upgrading_ = false;
        co_return successor.error();
    }
    const auto pid = successor->pid();
    log::info("upgrade: pid {} serves; this server drains", pid);
    control_.stop();
    notify_.main_pid(pid);
    tasks_.spawn("step aside", step_aside(std::move(*successor)));
    co_return pid;
}

// Our gateways go, and the rest of us when they are gone. Should the new server crash soon, we
// are still there to serve again.
asio::awaitable<void> Supervisor::step_aside(runtime::ChildProcess successor) {
    std::optional<runtime::ExitStatus> ended;
    runtime::TaskGroup watching(node_.loop);
    watching.spawn("successor", await_successor(successor, ended));
    const auto drained = co_await server_.drain(server_.replacement_drain());
    if (!drained) log::warn("upgrade: {}", drained.error().context);
    const auto probation = std::chrono::steady_clock::now() + kProbation;
    co_await node_.changed.wait([&] { return ended || node_.is_stopping; }, probation);
    co_await node_.changed.wait(
        [&] { return ended || node_.is_stopping || !server_.has_any(Role::gateway); });
    watching.cancel();
    co_await watching.wait();
    is_upgrading_ = false;
    if (ended && !ended->is_clean() && !node_.is_stopping) co_return co_await take_back(*ended);
    successor.let_go();
    control_socket_.let_go();
    if (pidfile_) pidfile_->release();
    notify_ = Notify();
    stop({.limit = kQuickLimit});
}

asio::awaitable<void> Supervisor::await_successor(runtime::ChildProcess& successor,
                                                  std::optional<runtime::ExitStatus>& ended) {
    ended = co_await successor.wait();
    node_.changed.notify();
}

asio::awaitable<void> Supervisor::take_back(const runtime::ExitStatus& ended) {
    log::error("upgrade: the new server ended with {}; this one serves again", ended.describe());
    control_.listen(control_socket_.listener());
    write_pidfile();
    notify_.main_pid(::getpid());
    const auto done = co_await server_.undrain();
    if (!done) log::error("upgrade: {}", done.error().context);
}

}  // namespace tutti::supervisor
