// SPDX-License-Identifier: Apache-2.0
#include "scribe/scribe.h"

#include "base/exit_code.h"
#include "base/log.h"
#include "runtime/worker.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <thread>

namespace tutti::scribe {
namespace {

using std::chrono::steady_clock;

constexpr auto use_result = asio::as_tuple(asio::use_awaitable);
// When the process is out of descriptors, accepting again at once would spin.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

std::size_t running_limit() {
    return std::max(2u, std::thread::hardware_concurrency());
}

asio::awaitable<void> serve(Scribe& scribe, runtime::Worker& worker) {
    co_await scribe.run();
    worker.shut_down();
}

}  // namespace

Scribe::Scribe(asio::io_context& loop, UnixAcceptor listener, runtime::Slot& slot,
               const config::Config& config)
    : config_(config),
      listener_(std::move(listener)),
      engines_(loop, slot),
      places_(loop, running_limit(), kWaitingLimit),
      context_{loop, config_, slot, engines_, places_},
      ending_(loop, steady_clock::time_point::max()),
      tasks_(loop) {
}

asio::awaitable<void> Scribe::run() {
    tasks_.spawn("scribe accept", accept());
    while (!must_end()) co_await ending_.async_wait(use_result);
    for (auto* job : jobs_) job->cancel();
    co_await tasks_.wait();
    engines_.shut_down();
    co_await engines_.wait();
}

bool Scribe::must_end() const {
    if (is_stopping_) return true;
    return is_draining_ && (jobs_.empty() || ending_.expiry() <= steady_clock::now());
}

void Scribe::drain(proto::Millis limit) {
    is_draining_ = true;
    boost::system::error_code ignored;
    listener_.close(ignored);
    for (auto* job : jobs_)
        if (!job->is_running()) job->hand_back();
    if (limit > proto::Millis(0))
        ending_.expires_after(limit);
    else
        ending_.cancel();  // looks again: it may be idle already
}

void Scribe::stop() {
    is_stopping_ = true;
    boost::system::error_code ignored;
    listener_.close(ignored);
    ending_.cancel();
}

asio::awaitable<void> Scribe::accept() {
    asio::steady_timer pause(context_.loop);
    while (listener_.is_open()) {
        auto [error, socket] = co_await listener_.async_accept(use_result);
        if (!listener_.is_open()) co_return;
        if (!error) {
            tasks_.spawn("scribe job", serve(std::move(socket)));
            continue;
        }
        log::error("accept: {}", error.message());
        pause.expires_after(kAcceptPause);
        co_await pause.async_wait(use_result);
    }
}

asio::awaitable<void> Scribe::serve(runtime::UnixSocket socket) {
    Job job(context_, std::move(socket));
    jobs_.insert(&job);
    co_await job.run();
    jobs_.erase(&job);
    if (must_end()) ending_.cancel();
}

int run(const config::Config& config, std::size_t slot) {
    asio::io_context loop(1);
    runtime::Worker worker(loop, proto::Role::scribe, slot);
    Scribe scribe(loop, runtime::inherited_unix_listener(loop), worker.slot(), config);

    int code = exit_code::ok;
    scribe.on_wanted([&](const std::string& model) { worker.post_wanted(model); });
    worker.on_roster = [&](const proto::Roster& roster) { scribe.update(roster); };
    worker.on_drain = [&](const proto::Drain& drain) { scribe.drain(drain.limit); };
    worker.on_lost_parent = [&] {
        log::error("the supervisor is gone");
        code = exit_code::lost_parent;
        scribe.stop();
    };
    runtime::TaskGroup tasks(loop);
    tasks.spawn("worker", worker.run());
    tasks.spawn("scribe", serve(scribe, worker));
    worker.post_ready({});
    log::info("ready");
    loop.run();
    return code;
}

}  // namespace tutti::scribe
