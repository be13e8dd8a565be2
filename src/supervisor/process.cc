// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process.h"

#include "base/exit_code.h"
#include "base/log.h"
#include "runtime/environment.h"
#include "runtime/process_facts.h"
#include "runtime/thread_times.h"
#include "runtime/worker.h"

#include <boost/asio/local/connect_pair.hpp>
#include <csignal>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <random>

namespace tutti::supervisor {
namespace {

using proto::Role;
using runtime::Metric;
using runtime::Phase;
using std::chrono::steady_clock;

// After the time a draining process was given, before it is killed: half of it, within these.
constexpr proto::Millis kLeastGrace{1000};
constexpr proto::Millis kMostGrace{5000};

policy::Liveness::Limits liveness_limits(const config::Config& config, Role role) {
    const auto beat = role == Role::gateway  ? config.gateway_beat_limit
                      : role == Role::engine ? config.engine_beat_limit
                                             : config.scribe_beat_limit;
    return {.boot = config.boot_limit, .beat = beat};
}

policy::RecycleLimits recycle_limits(const config::Config& config) {
    static std::minstd_rand random(std::random_device{}());
    return policy::with_jitter({config.max_requests, config.max_lifetime, config.max_rss_bytes},
                               config.recycle_jitter,
                               std::uniform_real_distribution<>(0, 1)(random));
}

Metric request_metric(Role role) {
    if (role == Role::gateway) return Metric::http_requests;
    return role == Role::engine ? Metric::utterances_decoded : Metric::jobs_done;
}

steady_clock::time_point time_of(const std::atomic<std::int64_t>& ns) {
    return steady_clock::time_point(std::chrono::nanoseconds(ns.load(std::memory_order_relaxed)));
}

runtime::SpawnSpec spec_of(const Node& node, const Process::Order& order, int channel, int board,
                           std::uint32_t slot) {
    runtime::SpawnSpec spec;
    spec.path = order.generation->config.program_dir + "/" + order.plan.program;
    spec.argv = {order.plan.program};
    spec.argv.insert(spec.argv.end(), order.plan.flags.begin(), order.plan.flags.end());
    spec.argv.insert(spec.argv.end(), {"--slot", std::to_string(slot)});
    if (node.run_as) spec.argv.insert(spec.argv.end(), {"--run-as", runtime::to_flag(node.run_as)});
    spec.environment =
        runtime::child_environment(environ, order.generation->config.pass_environment);
    spec.fds = {{channel, runtime::kChannelFd},
                {order.listener, runtime::kListenerFd},
                {board, runtime::kScoreboardFd},
                {order.generation->config_fd.get(), runtime::kConfigFd}};
    if (order.plan.role == Role::gateway && node.resume_key)
        spec.fds.push_back({node.resume_key.get(), runtime::kResumeKeyFd});
    if (order.handover >= 0) spec.fds.push_back({order.handover, runtime::kHandoverFd});
    return spec;
}

}  // namespace

Result<std::unique_ptr<Process>> Process::start(Node& node, Order order) {
    const auto slot = node.take_slot(order.plan.role, order.number);
    if (!slot) return Error(Errc::no_space, "the scoreboard is full");
    runtime::UnixSocket ours(node.loop), theirs(node.loop);
    asio::local::connect_pair(ours, theirs);
    auto& board_slot = node.board.slot(*slot);
    board_slot.phase = Phase::starting;
    board_slot.started_ns = steady_clock::now().time_since_epoch().count();
    auto child = runtime::ChildProcess::start(
        node.loop, spec_of(node, order, theirs.native_handle(), node.board.fd(), *slot));
    if (!child) {
        board_slot.phase = Phase::dead;
        return child.error();
    }
    // Our copy of the child's end closes here: while we held it, we would not see the child's
    // death as end of file, nor it ours.
    std::unique_ptr<Process> process(
        new Process(node, std::move(order), *slot, std::move(*child), std::move(ours)));
    return process;
}

Process::Process(Node& node, Order order, std::uint32_t slot, runtime::ChildProcess child,
                 runtime::UnixSocket channel)
    : node_(node),
      order_(std::move(order)),
      slot_(node.board.slot(slot)),
      child_(std::move(child)),
      channel_(std::move(channel), {.frame = proto::kMaxWorkerFrame}),
      liveness_(liveness_limits(order_.generation->config, order_.plan.role), started_),
      recycle_(recycle_limits(order_.generation->config)),
      out_of_memory_before_(runtime::out_of_memory_kills()),
      tasks_(node.loop) {
    slot_.pid = child_.pid();
    requests_before_ = 0;
    requests_before_ = requests();
    peer_.id = ++node.processes_started;
    peer_.role = order_.plan.role;
    peer_.slot = slot;
    peer_.model = order_.plan.model;
    peer_.socket = order_.path;
}

Process::~Process() {
    slot_.phase = Phase::dead;
    slot_.zero_gauges();
}

asio::awaitable<runtime::ExitStatus> Process::run() {
    tasks_.spawn("channel reader", read_channel());
    tasks_.spawn("channel writer", channel_.run_writer());
    const auto status = co_await child_.wait();
    channel_.close();
    tasks_.cancel();
    co_await tasks_.wait();
    if (status.signal == SIGKILL && runtime::out_of_memory_kills() > out_of_memory_before_)
        log::error("{} pid={}: the kernel killed it for want of memory", name(), pid());
    co_return status;
}

asio::awaitable<void> Process::read_channel() {
    for (;;) {
        while (auto body = channel_.next()) {
            const auto message = proto::decode<proto::ToSupervisor>(*body);
            if (!message) {
                log::error("{}: {}", name(), message.error().message());
                co_return kill("it broke the protocol");
            }
            if (const auto* ready = std::get_if<proto::Ready>(&*message))
                take_ready(*ready);
            else if (const auto* wanted = std::get_if<proto::Wanted>(&*message))
                node_.on_wanted(wanted->model);
            else
                node_.on_ask(*this, std::get<proto::Ask>(*message));
        }
        if (channel_.is_broken() || co_await channel_.fill()) co_return;
    }
}

void Process::take_ready(const proto::Ready& ready) {
    if (state_ != State::starting) return;
    state_ = State::ready;
    peer_.live_limit = ready.live_limit;
    peer_.whole_slots = ready.whole_slots;
    peer_.aligns = ready.aligns;
    log::info("{} is ready, pid {}", name(), pid());
    on_ready();
    node_.changed.notify();
}

void Process::drain(const proto::Drain& how) {
    // Its tasks are being cancelled: one more would hold run() until its limit is over.
    if (child_.has_exited()) return;
    if (state_ != State::draining) log::info("{} drains, pid {}", name(), pid());
    state_ = State::draining;
    slot_.phase = Phase::draining;
    channel_.post(how);
    if (how.limit > proto::Millis(0)) tasks_.spawn("drain limit", kill_after(how));
}

asio::awaitable<void> Process::kill_after(proto::Drain how) {
    asio::steady_timer timer(
        node_.loop, how.pre_stop + how.limit + std::clamp(how.limit / 2, kLeastGrace, kMostGrace));
    const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!error) kill("it does not end");
}

void Process::kill(const char* why) {
    log::warn("killing {} pid={}: {}", name(), pid(), why);
    child_.signal(SIGKILL);
}

void Process::judge(Clock::time_point now) {
    using Verdict = policy::Liveness::Verdict;
    policy::Liveness::Observation seen{
        .is_starting = state_ == State::starting, .last_beat = time_of(slot_.beat_ns), .times = {}};
    if (liveness_.is_late(now, seen.is_starting, seen.last_beat))
        seen.times = runtime::times_of(pid(), pid());
    const auto verdict = liveness_.judge(now, seen);
    if (verdict == Verdict::alive) return;
    if (verdict == Verdict::kill) return kill("it did not end when told to abort");
    slot_.add(Metric::hangs);
    log::error("{} pid={} hangs: {} for {} ms, phase {}; aborting it", name(), pid(),
               seen.is_starting ? "not ready" : "no beat", liveness_.silence().count(),
               name_of(slot_.phase.load()));
    child_.signal(SIGABRT);
    child_.signal(SIGCONT);  // a stopped process would not see it
}

std::string Process::cause_of(const runtime::ExitStatus& end) const {
    if (liveness_.is_condemned())
        return fmt::format("{}, {}", liveness_.was_starting() ? "not ready in time" : "it hung",
                           end.describe());
    const auto name = end.is_clean() ? std::string_view() : exit_code::name_of(end.code);
    if (end.signal != 0 || name.empty()) return end.describe();
    return fmt::format("{} ({})", end.describe(), name);
}

std::optional<std::string> Process::recycle_reason(std::uint64_t rss_bytes) const {
    if (recycle_ == policy::RecycleLimits{}) return std::nullopt;
    const policy::Wear wear{.requests = requests(),
                            .age = std::chrono::duration_cast<std::chrono::seconds>(age()),
                            .rss_bytes = rss_bytes};
    return policy::recycle_reason(recycle_, wear);
}

Process::Clock::duration Process::beat_age() const {
    return Clock::now() - time_of(slot_.beat_ns);
}

std::uint64_t Process::requests() const {
    return static_cast<std::uint64_t>(slot_.get(request_metric(order_.plan.role))) -
           requests_before_;
}

}  // namespace tutti::supervisor
