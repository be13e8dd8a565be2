// SPDX-License-Identifier: Apache-2.0
#include "gateway/resting.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>
#include <utility>

namespace tutti::gateway {
namespace {

using std::chrono::steady_clock;

constexpr auto kLookEvery = std::chrono::milliseconds(250);

}  // namespace

Resting::Rest::Rest(Resting& resting, boost::beast::tcp_stream& stream, Kind kind)
    : stream_(stream),
      list_(resting.group(kind).rests),
      since_(steady_clock::now()),
      place_(list_.insert(list_.end(), this)) {
    stream_.expires_never();
}

Resting::Rest::~Rest() {
    if (is_listed_) list_.erase(place_);
}

void Resting::end_long_rests(Kind kind) {
    auto& [rests, limit, counts_from] = group(kind);
    const auto now = steady_clock::now();
    if (const auto before = std::exchange(limit, limit_(kind)); limit < before) counts_from = now;
    while (!rests.empty() && std::max(rests.front()->since_, counts_from) + limit <= now) {
        auto* rest = rests.front();
        rests.pop_front();
        rest->is_listed_ = false;
        rest->stream_.cancel();
    }
}

asio::awaitable<void> Resting::run() {
    for (;;) {
        timer_.expires_after(kLookEvery);
        const auto [error] = co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
        if (error) co_return;
        end_long_rests(Kind::fresh);
        end_long_rests(Kind::kept);
    }
}

}  // namespace tutti::gateway
