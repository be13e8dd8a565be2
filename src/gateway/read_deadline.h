// SPDX-License-Identifier: Apache-2.0
// A limit for reading from a client that leaves the connection open when it passes, so that the
// client can still be told (the stream's own timeouts close it).
//
//   deadline.start(limit);  read...;  if (deadline.stop()) ...the limit passed, the read failed...
//
// Loop thread only; must not outlive the stream.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <cstdint>
#include <memory>

namespace tutti::gateway {

class ReadDeadline {
  public:
    explicit ReadDeadline(boost::beast::tcp_stream& stream);
    ReadDeadline(const ReadDeadline&) = delete;
    ReadDeadline& operator=(const ReadDeadline&) = delete;
    ~ReadDeadline();

    void start(boost::asio::steady_timer::duration limit);
    // Whether the limit has passed since start().
    bool stop();

  private:
    // Shared with the timer's handler, which may be queued already when it is no longer wanted.
    struct State {
        boost::beast::tcp_stream* stream;
        std::uint64_t round = 0;
        bool has_passed = false;
    };
    std::shared_ptr<State> state_;
    boost::asio::steady_timer timer_;
};

}  // namespace tutti::gateway
