// SPDX-License-Identifier: Apache-2.0
#include "supervisor/upgrade.h"

#include "base/log.h"
#include "runtime/task_group.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

namespace tutti::supervisor {
namespace {

constexpr const char* kVariable = "TUTTI_TAKEOVER";
constexpr int kVersion = 1;
constexpr int kFirstFd = 3;
constexpr char kReady = 'R';
constexpr auto use_result = asio::as_tuple(asio::use_awaitable);

std::vector<std::string> environment_with(std::vector<std::string> more) {
    for (char** entry = environ; *entry; ++entry) more.emplace_back(*entry);
    return more;
}

runtime::SpawnSpec spec_of(std::string program, std::vector<std::string> argv, const Estate& estate,
                           int channel) {
    runtime::SpawnSpec spec;
    spec.path = std::move(program);
    spec.argv = std::move(argv);
    int target = kFirstFd;
    const auto add = [&](int fd) {
        if (fd >= 0) spec.fds.push_back({fd, target++});
    };
    add(channel);
    add(estate.control);
    add(estate.control_lock);
    add(estate.pidfile_lock);
    for (int listener : estate.listeners) add(listener);
    auto more = estate.environment;
    more.push_back(fmt::format("{}={} {} {} {} {}", kVariable, kVersion, estate.listeners.size(),
                               int{estate.origin == TcpListeners::Origin::systemd},
                               int{estate.control >= 0}, int{estate.pidfile_lock >= 0}));
    spec.environment = environment_with(std::move(more));
    return spec;
}

// Until the new server says that it serves, ends, or is too late. The error is why it failed.
struct Waiting {
    runtime::ChildProcess child;
    runtime::UnixSocket channel;
    bool is_ready = false;
    std::optional<runtime::ExitStatus> ended;
    runtime::TaskGroup tasks;
};

asio::awaitable<void> await_ready(Waiting& waiting, runtime::Condition& changed) {
    char byte = 0;
    const auto [error, n] =
        co_await asio::async_read(waiting.channel, asio::buffer(&byte, 1), use_result);
    waiting.is_ready = !error && byte == kReady;
    changed.notify();
}

asio::awaitable<void> await_end(Waiting& waiting, runtime::Condition& changed) {
    waiting.ended = co_await waiting.child.wait();
    changed.notify();
}

UniqueFd inherit(int fd) {
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    return UniqueFd(fd);
}

}  // namespace

asio::awaitable<Result<runtime::ChildProcess>> hand_over(Node& node, std::string program,
                                                         std::vector<std::string> argv,
                                                         Estate estate,
                                                         std::chrono::seconds limit) {
    runtime::UnixSocket ours(node.loop), theirs(node.loop);
    asio::local::connect_pair(ours, theirs);
    const auto spec = spec_of(program, std::move(argv), estate, theirs.native_handle());
    auto child = runtime::ChildProcess::start(node.loop, spec);
    if (!child) co_return child.error();
    theirs.close();
    log::info("upgrade: {} starts as pid {}", program, child->pid());
    Waiting waiting{std::move(*child), std::move(ours), false, {}, runtime::TaskGroup(node.loop)};
    waiting.tasks.spawn("upgrade channel", await_ready(waiting, node.changed));
    waiting.tasks.spawn("upgrade child", await_end(waiting, node.changed));
    const bool has_answer = co_await node.changed.wait(
        [&] { return waiting.is_ready || waiting.ended || node.is_stopping; },
        std::chrono::steady_clock::now() + limit);
    const bool is_done = waiting.is_ready && !waiting.ended;
    const auto ended = waiting.ended;
    waiting.tasks.cancel();
    co_await waiting.tasks.wait();
    if (is_done) co_return std::move(waiting.child);
    if (ended)
        co_return Error(Errc::unavailable,
                        fmt::format("the new server ended with {}", ended->describe()));
    co_return Error(Errc::unavailable,
                    has_answer ? "the server is stopping" : "the new server was not ready in time");
}

Result<std::optional<Takeover>> Takeover::from_environment() {
    const char* value = std::getenv(kVariable);
    if (!value) return std::optional<Takeover>();
    std::istringstream in(value);
    ::unsetenv(kVariable);
    int version = 0;
    std::size_t listeners = 0;
    bool is_systemds = false, has_control = false, has_pidfile = false;
    if (!(in >> version >> listeners >> is_systemds >> has_control >> has_pidfile) ||
        version != kVersion || listeners == 0)
        return Error(Errc::bad_config,
                     "the running server hands over in a way that this version does not know");
    Takeover takeover;
    if (is_systemds) takeover.origin = TcpListeners::Origin::systemd;
    int next = kFirstFd;
    takeover.channel = inherit(next++);
    if (has_control) {
        takeover.control = inherit(next++);
        takeover.control_lock = inherit(next++);
    }
    if (has_pidfile) takeover.pidfile_lock = inherit(next++);
    for (std::size_t i = 0; i < listeners; ++i) takeover.listeners.push_back(inherit(next++));
    return std::optional(std::move(takeover));
}

void Takeover::say_ready() {
    [[maybe_unused]] const auto n = ::write(channel.get(), &kReady, 1);
    channel.reset();
}

}  // namespace tutti::supervisor
