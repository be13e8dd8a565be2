// SPDX-License-Identifier: Apache-2.0
// Frames (proto/wire.h) over a unix socket, for a thread that waits: the two ends of a decode
// worker's connection.
//
//   FrameSocket socket(std::move(fd), limit);
//   socket.send(frame);
//   std::string_view body = socket.receive();      // valid until the next call
//
// While nothing moves, `on_wait` is called every kTick; it may throw to give up. Both calls throw
// PeerGone when the other end has closed or has broken the rules. One thread.
#pragma once

#include "base/unique_fd.h"

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace tutti::engine {

struct PeerGone : std::runtime_error {
    using std::runtime_error::runtime_error;
};

class FrameSocket {
  public:
    static constexpr std::chrono::milliseconds kTick{100};

    FrameSocket(UniqueFd fd, std::size_t frame_limit);

    std::function<void()> on_wait;

    void send(std::string_view frames);
    std::string_view receive();
    // Looks without waiting. True only while the peer lives and has said nothing: what an idle
    // peer's connection looks like.
    bool is_quiet() const;

  private:
    void wait(short events);

    UniqueFd fd_;
    std::size_t frame_limit_;
    std::string inbox_;
    std::size_t taken_ = 0;  // bytes of inbox_ given out by the last receive()
};

}  // namespace tutti::engine
