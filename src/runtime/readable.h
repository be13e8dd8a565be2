// SPDX-License-Identifier: Apache-2.0
// Waiting until a descriptor can be read, for those who would block or give up if it could not.
//
//   const auto error = co_await wait_readable(socket);
//   if (error) co_return;
//
// The error is named: GCC 12 goes wrong over one that is awaited in a condition.
//
// Asio's own async_wait may complete too early: what epoll told of a descriptor that was closed in
// the same round reaches whoever took over its record. Reads and accepts that do not block need
// only try again; for the others the kernel is asked here before they go on.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <poll.h>

namespace tutti::runtime {

// Also true at its end, and when its peer is gone.
inline bool is_readable(int fd) {
    pollfd seen{.fd = fd, .events = POLLIN, .revents = 0};
    return ::poll(&seen, 1, 0) > 0;
}

// `object` is a socket, an acceptor or a stream descriptor of Asio. Gives the error of a wait that
// was cancelled.
template <class Object>
boost::asio::awaitable<boost::system::error_code> wait_readable(Object& object) {
    for (;;) {
        const auto [error] = co_await object.async_wait(
            Object::wait_read, boost::asio::as_tuple(boost::asio::use_awaitable));
        if (error || is_readable(object.native_handle())) co_return error;
    }
}

}  // namespace tutti::runtime
