// SPDX-License-Identifier: Apache-2.0
#include "gateway/refuser.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <sys/socket.h>

#include <string_view>

namespace tutti::gateway {
namespace {

using std::chrono::steady_clock;

constexpr std::string_view kAnswer =
    "HTTP/1.1 503 Service Unavailable\r\n"
    "Server: tutti\r\n"
    "Content-Type: application/json\r\n"
    "Content-Length: 64\r\n"
    "Retry-After: 1\r\n"
    "Connection: close\r\n"
    "\r\n"
    "{\"error\":{\"code\":\"busy\",\"message\":\"too many connections now\"}}\r\n";
constexpr std::string_view kBody = kAnswer.substr(kAnswer.find("\r\n\r\n") + 4);
static_assert(kBody.size() == 64, "Content-Length");

constexpr auto kLookEvery = std::chrono::milliseconds(50);
constexpr auto use_result = asio::as_tuple(asio::use_awaitable);

// True once the client has closed its side, or is gone.
bool drop_received(int socket) {
    char dropped[4096];
    for (;;) {
        const auto n = ::recv(socket, dropped, sizeof dropped, MSG_DONTWAIT);
        if (n == 0) return true;
        if (n < 0) return errno != EAGAIN && errno != EINTR;
    }
}

}  // namespace

Refuser::Refuser(asio::io_context& loop) : wake_(loop, steady_clock::time_point::max()) {
}

void Refuser::refuse(UniqueFd socket) {
    // Held back until the shutdown sends answer and end in one segment.
    constexpr int kFlags = MSG_DONTWAIT | MSG_NOSIGNAL | MSG_MORE;
    (void)::send(socket.get(), kAnswer.data(), kAnswer.size(), kFlags);
    ::shutdown(socket.get(), SHUT_WR);
    if (count_ == kSlots) {
        (void)drop_received(socket.get());
        return;
    }
    lingering_[count_] = {std::move(socket), steady_clock::now() + kLinger};
    if (count_++ == 0) wake_.cancel();
}

void Refuser::close_done() {
    const auto now = steady_clock::now();
    for (std::size_t n = 0; n < count_;) {
        auto& one = lingering_[n];
        if (!drop_received(one.socket.get()) && now < one.until) {
            ++n;
            continue;
        }
        one.socket.reset();
        if (n != --count_) one = std::move(lingering_[count_]);
    }
}

asio::awaitable<void> Refuser::run() {
    for (;;) {
        wake_.expires_at(count_ == 0 ? steady_clock::time_point::max()
                                     : steady_clock::now() + kLookEvery);
        co_await wake_.async_wait(use_result);
        const auto state = co_await asio::this_coro::cancellation_state;
        if (state.cancelled() != asio::cancellation_type::none) co_return;
        close_done();
    }
}

}  // namespace tutti::gateway
