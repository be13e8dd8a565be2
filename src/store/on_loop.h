// SPDX-License-Identifier: Apache-2.0
// Awaits an answer of the store on a loop, which goes on meanwhile.
//
//   auto start = [&](Then<Lookup> then) { store.find(tenant, id, std::move(then)); };
//   Result<Lookup> found = co_await on_loop<Lookup>(start);
//
// `start` must be named (GCC 12). A call that has begun cannot be cancelled.
#pragma once

#include "store/job_store.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <memory>

namespace tutti::store {

namespace asio = boost::asio;

template <class T, class Start>
asio::awaitable<Result<T>> on_loop(Start& start) {
    auto initiate = [&start](auto handler) {
        auto work = asio::make_work_guard(asio::get_associated_executor(handler));
        // std::function copies and the handler only moves. It is handed on, so that it never dies
        // on a thread of the store.
        auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        start(
            Then<T>([shared = std::move(shared), work = std::move(work)](Result<T> result) mutable {
                auto resume = [shared = std::move(shared), result = std::move(result)]() mutable {
                    auto once = std::move(*shared);
                    std::move(once)(std::move(result));
                };
                asio::post(work.get_executor(), std::move(resume));
                work.reset();
            }));
    };
    co_return co_await asio::async_initiate<const asio::use_awaitable_t<>, void(Result<T>)>(
        initiate, asio::use_awaitable);
}

}  // namespace tutti::store
