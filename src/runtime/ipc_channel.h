// SPDX-License-Identifier: Apache-2.0
// Framed messages (proto/wire.h) over a connected unix socket, on the loop thread.
//
//   reading:  for (;;) { while (auto body = channel.next()) handle(*body);
//                        if (channel.is_broken()) break;
//                        if (co_await channel.fill()) break; }
//   writing:  tasks.spawn("writer", channel.run_writer());  channel.post(message);
//
// 1. One coroutine reads, one (run_writer) writes; post() may be called from anywhere on the loop
//    and never blocks: messages posted in one turn of the loop leave in one system call.
// 2. The outbox is bounded. A peer that does not read until it is full is given up: the channel
//    closes, which both coroutines notice.
// 3. A body returned by next() is valid until the next call of next() or fill().
#pragma once

#include "base/unique_fd.h"
#include "proto/wire.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace tutti::runtime {

namespace asio = boost::asio;
using UnixSocket = asio::local::stream_protocol::socket;

class IpcChannel {
  public:
    struct Limits {
        std::size_t frame = 1 << 20;
        std::size_t outbox = 32 << 20;
    };

    IpcChannel(UnixSocket socket, Limits limits);

    // The next whole frame's body among the bytes already here.
    std::optional<std::string_view> next();
    // True once the peer sent a frame over the limit.
    bool is_broken() const { return is_broken_; }
    // Waits for more bytes; an error (end of file included) means the channel is over.
    asio::awaitable<boost::system::error_code> fill();

    template <class Message>
    void post(const Message& message) {
        if (is_closed_) return;
        proto::append_frame(outbox_, message);
        wake_writer();
    }
    // Writes what is posted until the channel closes or fails.
    asio::awaitable<void> run_writer();

    // Ends both directions; what was posted before and not yet written is lost.
    void close();
    // The writer ends the channel once all that is posted has been written.
    void close_when_written();
    bool is_closed() const { return is_closed_; }

  private:
    void wake_writer();

    UnixSocket socket_;
    Limits limits_;
    std::string inbox_;
    std::size_t parsed_ = 0;    // bytes of inbox_ already handed out
    std::size_t received_ = 0;  // bytes of inbox_ that hold data
    bool is_broken_ = false;
    std::string outbox_;   // posted, not yet being written
    std::string writing_;  // being written
    asio::steady_timer posted_;
    bool is_closed_ = false;
    bool closes_when_written_ = false;
};

// Sends `frame` and descriptor `fd` in one message on a fresh connection (whose buffer is empty).
Result<void> send_with_fd(UnixSocket& socket, std::string_view frame, int fd);

// Receives one frame (header included) that carries a descriptor.
asio::awaitable<Result<std::pair<std::string, UniqueFd>>> receive_with_fd(UnixSocket& socket,
                                                                          std::size_t frame_limit);

}  // namespace tutti::runtime
