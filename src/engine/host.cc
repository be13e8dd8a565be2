// SPDX-License-Identifier: Apache-2.0
#include "engine/host.h"

#include "base/log.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace tutti::engine {
namespace {

using runtime::Metric;

constexpr auto use_result = asio::as_tuple(asio::use_awaitable);
// For answers to reach peers that read.
constexpr auto kLingerLimit = std::chrono::seconds(1);
// When the process is out of descriptors, accepting again at once would spin.
constexpr auto kAcceptPause = std::chrono::milliseconds(100);

}  // namespace

Host::Host(asio::io_context& loop, UnixAcceptor listener, runtime::Slot& slot, HostOptions options)
    : loop_(loop),
      listener_(std::move(listener)),
      decode_loop_([&] {
          options.decode.on_news = [this] { asio::post(loop_, [this] { deliver_news(); }); };
          return options.decode;
      }()),
      shared_{.loop = loop,
              .decode_loop = decode_loop_,
              .slot = slot,
              .live_limit = options.live_limit,
              .whole_limit = options.whole.most_streams > 0
                                 ? options.whole.most_streams
                                 : kWholeStreamsPerThread *
                                       static_cast<std::size_t>(options.decode.whole_threads),
              .whole = options.whole,
              .hearing = options.hearing},
      ending_(loop, asio::steady_timer::time_point::max()),
      tasks_(loop) {
    report_decoders();
}

asio::awaitable<void> Host::run() {
    tasks_.spawn("engine accept", accept());
    while (!must_end()) co_await ending_.async_wait(use_result);
    if (!is_stopping_) {
        for (auto* connection : connections_) connection->close_when_written();
        ending_.expires_after(kLingerLimit);
        ending_.async_wait([this](boost::system::error_code error) {
            if (!error) stop();
        });
    }
    co_await tasks_.wait();
    ending_.cancel();
}

// Idle, or the time for it is over.
bool Host::must_end() const {
    if (is_stopping_) return true;
    if (!shared_.is_draining) return false;
    return ending_.expiry() <= std::chrono::steady_clock::now() ||
           std::ranges::all_of(connections_, [](auto* c) { return c->is_idle(); });
}

void Host::drain(proto::Millis limit) {
    shared_.is_draining = true;
    boost::system::error_code ignored;
    listener_.close(ignored);
    if (limit > proto::Millis(0))
        ending_.expires_after(limit);
    else
        ending_.cancel();  // looks again: it may be idle already
}

void Host::stop() {
    is_stopping_ = true;
    shared_.is_draining = true;
    boost::system::error_code ignored;
    listener_.close(ignored);
    for (auto* connection : connections_) connection->close();
    ending_.cancel();
}

asio::awaitable<void> Host::accept() {
    asio::steady_timer pause(loop_);
    while (listener_.is_open()) {
        auto [error, socket] = co_await listener_.async_accept(use_result);
        if (!listener_.is_open()) co_return;
        if (!error) {
            tasks_.spawn("engine connection", serve(std::move(socket)));
            continue;
        }
        log::error("accept: {}", error.message());
        pause.expires_after(kAcceptPause);
        co_await pause.async_wait(use_result);
    }
}

asio::awaitable<void> Host::serve(runtime::UnixSocket socket) {
    Connection connection(std::move(socket), shared_);
    connections_.insert(&connection);
    co_await connection.run();
    connections_.erase(&connection);
    if (must_end()) ending_.cancel();
}

void Host::deliver_news() {
    for (auto& news : decode_loop_.take_news()) {
        const auto found = shared_.routes.find(news.job);
        if (found == shared_.routes.end()) continue;
        report(news, found->second);
        const auto route = found->second;
        if (news.outcome || news.error) shared_.routes.erase(found);
        route.connection->on_news(route.stream, std::move(news));
    }
    report_decoders();
    if (must_end()) ending_.cancel();
}

void Host::report(const News& news, Shared::Route& route) {
    shared_.slot.add(Metric::decoded_samples, news.decoded - route.decoded);
    route.decoded = news.decoded;
    if (news.outcome) shared_.slot.add(Metric::utterances_decoded);
}

void Host::report_decoders() {
    const auto stats = decode_loop_.stats();
    shared_.slot.set(Metric::decoders, stats.threads);
    shared_.slot.set(Metric::decoders_busy, stats.busy);
    shared_.slot.set(Metric::utterances_waiting, static_cast<std::int64_t>(stats.waiting));
    shared_.slot.add(Metric::decode_microseconds,
                     stats.decode_microseconds - reported_microseconds_);
    reported_microseconds_ = stats.decode_microseconds;
}

}  // namespace tutti::engine
