// SPDX-License-Identifier: Apache-2.0
// The scribes of the node as the roster tells: which socket the next file job goes to.
#pragma once

#include "base/error.h"
#include "proto/worker_messages.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <string>
#include <vector>

namespace tutti::gateway {

namespace asio = boost::asio;

class Scribes {
  public:
    explicit Scribes(asio::io_context& loop);

    void update(const proto::Roster& roster);
    bool has_ready() const { return !sockets_.empty(); }

    // The socket of a ready scribe, each in turn; waits for one up to `limit`, then
    // Errc::unavailable.
    asio::awaitable<Result<std::string>> pick(std::chrono::seconds limit);

  private:
    asio::io_context& loop_;
    std::vector<std::string> sockets_;
    std::size_t next_ = 0;
};

}  // namespace tutti::gateway
