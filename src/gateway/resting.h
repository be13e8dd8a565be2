// SPDX-License-Identifier: Apache-2.0
// Connections that wait for a request: each may rest only so long, and the time is shortened for
// all of them at once when places become scarce or the gateway ends. Then every one gets the whole
// short time anew, so that a request which is under way when the gateway decides still finds it.
//
//   Resting::Rest rest(resting, stream, Resting::Kind::kept);
//   ...read...                        ends with operation_aborted when the rest was too long
//
// Loop thread only; outlives every Rest.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/tcp_stream.hpp>

#include <array>
#include <chrono>
#include <functional>
#include <list>

namespace tutti::gateway {

namespace asio = boost::asio;

class Resting {
  public:
    enum class Kind { fresh, kept };  // before its first request; after one
    using Limit = std::function<std::chrono::seconds(Kind)>;

    class Rest {
      public:
        Rest(Resting& resting, boost::beast::tcp_stream& stream, Kind kind);
        Rest(const Rest&) = delete;
        Rest& operator=(const Rest&) = delete;
        ~Rest();

      private:
        friend class Resting;
        boost::beast::tcp_stream& stream_;
        std::list<Rest*>& list_;
        std::chrono::steady_clock::time_point since_;
        std::list<Rest*>::iterator place_;
        bool is_listed_ = true;
    };

    // `limit` is asked again and again.
    Resting(asio::io_context& loop, Limit limit) : limit_(std::move(limit)), timer_(loop) {}

    // Ends rests that are too long; runs until cancelled.
    asio::awaitable<void> run();

  private:
    struct Group {
        std::list<Rest*> rests;  // the longest first
        std::chrono::seconds limit = std::chrono::hours(1);
        std::chrono::steady_clock::time_point counts_from{};  // of the present limit
    };

    void end_long_rests(Kind kind);
    Group& group(Kind kind) { return groups_[static_cast<std::size_t>(kind)]; }

    Limit limit_;
    std::array<Group, 2> groups_;
    asio::steady_timer timer_;
};

}  // namespace tutti::gateway
