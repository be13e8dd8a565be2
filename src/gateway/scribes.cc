// SPDX-License-Identifier: Apache-2.0
#include "gateway/scribes.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tutti::gateway {
namespace {

constexpr auto use_result = asio::as_tuple(asio::use_awaitable);
constexpr auto kLookAgain = std::chrono::milliseconds(100);

}  // namespace

Scribes::Scribes(asio::io_context& loop) : loop_(loop) {
}

void Scribes::update(const proto::Roster& roster) {
    sockets_.clear();
    for (const auto& peer : roster.peers)
        if (peer.role == proto::Role::scribe) sockets_.push_back(peer.socket);
}

asio::awaitable<Result<std::string>> Scribes::pick(std::chrono::seconds limit) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (sockets_.empty()) {
        if (std::chrono::steady_clock::now() >= deadline)
            co_return Error(Errc::unavailable, "file recognition is not available right now");
        asio::steady_timer pause(loop_, kLookAgain);
        if (const auto [error] = co_await pause.async_wait(use_result); error)
            co_return Error(Errc::canceled);
    }
    co_return sockets_[next_++ % sockets_.size()];
}

}  // namespace tutti::gateway
