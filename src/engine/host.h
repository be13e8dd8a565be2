// SPDX-License-Identifier: Apache-2.0
// The serving part of an engine process: accepts gateways and scribes on the engine's socket and
// recognises what they send.
//
//   Host host(loop, std::move(listener), slot, options);   // loads the model; throws if it cannot
//   tasks.spawn("host", host.run());                       // until drained or stopped
//
// drain() ends run() once every utterance that is running has been answered, or after its limit
// (zero = none); stop() ends it now. New streams are refused from either on. Loop thread only.
#pragma once

#include "engine/connection.h"

#include <boost/asio/steady_timer.hpp>

#include <set>

namespace tutti::engine {

using UnixAcceptor = asio::local::stream_protocol::acceptor;

struct HostOptions {
    DecodeLoop::Options decode;  // on_news is the host's
    std::size_t live_limit = 0;
    WholeTraits whole = {};
    Hearing hearing = {};
};

class Host {
  public:
    // Whole streams may wait for each other: they are files.
    static constexpr std::size_t kWholeStreamsPerThread = 16;

    Host(asio::io_context& loop, UnixAcceptor listener, runtime::Slot& slot, HostOptions options);

    asio::awaitable<void> run();
    void drain(proto::Millis limit);
    void stop();
    // True while a decode thread works: destroying the host would wait for it.
    bool is_decoding() const { return decode_loop_.stats().busy > 0; }
    // See DecodeLoop.
    std::chrono::steady_clock::time_point oldest_decode() { return decode_loop_.oldest_decode(); }

  private:
    asio::awaitable<void> accept();
    asio::awaitable<void> serve(runtime::UnixSocket socket);
    void deliver_news();
    void report(const News& news, Shared::Route& route);
    void report_decoders();
    bool must_end() const;

    asio::io_context& loop_;
    UnixAcceptor listener_;
    DecodeLoop decode_loop_;
    Shared shared_;
    std::set<Connection*> connections_;
    std::int64_t reported_microseconds_ = 0;
    bool is_stopping_ = false;
    asio::steady_timer ending_;  // expires when run() ends at the latest
    runtime::TaskGroup tasks_;
};

}  // namespace tutti::engine
