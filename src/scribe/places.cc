// SPDX-License-Identifier: Apache-2.0
#include "scribe/places.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <optional>

namespace tutti::scribe {

// In the queue for as long as it has no place; the place it has and nobody takes is given back.
struct Places::Waiter {
    explicit Waiter(Places& all)
        : places(all), called(all.loop_, asio::steady_timer::time_point::max()) {
        position = places.waiting_.insert(places.waiting_.end(), this);
    }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() {
        if (!place) places.waiting_.erase(position);
    }

    Places& places;
    asio::steady_timer called;
    std::list<Waiter*>::iterator position;
    std::optional<Place> place;
};

Place::~Place() {
    if (places_) places_->give_back();
}

void Places::give_back() {
    if (waiting_.empty()) {
        ++free_;
        return;
    }
    Waiter* first = waiting_.front();
    waiting_.pop_front();
    first->place.emplace(*this);
    first->called.cancel();
}

asio::awaitable<Result<Place>> Places::take() {
    if (free_ > 0) {
        --free_;
        co_return Place(*this);
    }
    if (waiting_.size() >= waiting_limit_)
        co_return Error(Errc::busy, "too many files are waiting");
    Waiter waiter(*this);
    co_await waiter.called.async_wait(asio::as_tuple(asio::use_awaitable));
    if (!waiter.place) co_return Error(Errc::canceled);
    co_return std::move(*waiter.place);
}

}  // namespace tutti::scribe
