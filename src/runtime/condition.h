// SPDX-License-Identifier: Apache-2.0
// Waiting on the loop until something has become true.
//
//   co_await condition.wait(is_true);                // looks again after each notify()
//   bool ok = co_await condition.wait(is_true, deadline);
//
// Loop thread only; outlives its waiters.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <functional>

namespace tutti::runtime {

namespace asio = boost::asio;

class Condition {
  public:
    using Time = std::chrono::steady_clock::time_point;

    explicit Condition(asio::io_context& loop) : timer_(loop, Time::max()), loop_(loop) {}

    void notify() { timer_.cancel(); }

    // Whether it has become true before the deadline.
    asio::awaitable<bool> wait(std::function<bool()> is_true, Time deadline = Time::max()) {
        asio::steady_timer limit(loop_, deadline);
        limit.async_wait([this](boost::system::error_code error) {
            if (!error) notify();
        });
        while (!is_true()) {
            if (std::chrono::steady_clock::now() >= deadline) co_return false;
            co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        }
        co_return true;
    }

  private:
    asio::steady_timer timer_;  // never expires; cancelled to wake the waiters
    asio::io_context& loop_;
};

}  // namespace tutti::runtime
