// SPDX-License-Identifier: Apache-2.0
// Threads for calls that block (files): the loop waits for the result without blocking.
//
//   auto n = co_await pool.run([&] { return ::pwrite(fd, data, size, at); });
//
// The coroutine resumes on its own loop thread. A call that has begun cannot be cancelled, so what
// the function refers to must live until it returns; awaiting directly guarantees that.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/thread_pool.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tutti::runtime {

namespace asio = boost::asio;

class BlockingPool {
  public:
    explicit BlockingPool(std::size_t threads) : threads_(threads) {}
    ~BlockingPool() { threads_.join(); }

    template <class F>
    asio::awaitable<std::invoke_result_t<F>> run(F function) {
        using R = std::invoke_result_t<F>;
        auto initiate = [this](auto handler, F f) {
            auto work = asio::make_work_guard(asio::get_associated_executor(handler));
            asio::post(threads_, [handler = std::move(handler), f = std::move(f),
                                  work = std::move(work)]() mutable {
                auto result = f();
                auto executor = work.get_executor();
                asio::post(executor,
                           [handler = std::move(handler), result = std::move(result)]() mutable {
                               std::move(handler)(std::move(result));
                           });
            });
        };
        co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(R)>(
            std::move(initiate), asio::use_awaitable, std::move(function));
    }

  private:
    asio::thread_pool threads_;
};

}  // namespace tutti::runtime
