// SPDX-License-Identifier: Apache-2.0
// Owner of coroutines: every coroutine of ours is spawned through one, so that somebody can cancel
// it and waits for its end.
//
//   TaskGroup tasks_{executor};          // last data member: destroyed first, found empty
//   tasks_.spawn("reader", run_reader());
//   tasks_.cancel();  co_await tasks_.wait();
//
// Used on the loop thread only. An exception that leaves a task is logged with the task's name and
// ends that task alone; cancellation is silent.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>

namespace tutti::runtime {

namespace asio = boost::asio;

class TaskGroup {
  public:
    explicit TaskGroup(asio::io_context& loop);
    TaskGroup(const TaskGroup&) = delete;
    TaskGroup& operator=(const TaskGroup&) = delete;
    ~TaskGroup();

    // `name` must outlive the task (a literal).
    void spawn(const char* name, asio::awaitable<void> task);

    // Asks every task to end: what it waits for fails with operation_aborted.
    // REQUIRES: the loop is running on this thread. Elsewhere Asio defers the request, and refers
    // to the task although it may end before.
    void cancel();

    std::size_t size() const { return running_.size(); }
    asio::io_context& loop() { return loop_; }

    // Returns when no task is left.
    asio::awaitable<void> wait();

  private:
    asio::io_context& loop_;
    std::list<asio::cancellation_signal> running_;
    asio::steady_timer emptied_;
};

}  // namespace tutti::runtime
