// SPDX-License-Identifier: Apache-2.0
// Limits how many jobs run at once; the others wait in the order they came.
//
//   Result<Place> place = co_await places.take();   // Errc::busy when too many wait already
//
// A place is given back by destroying it. A wait that is cancelled leaves the queue. Loop thread
// only.
#pragma once

#include "base/error.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <list>
#include <utility>

namespace tutti::scribe {

namespace asio = boost::asio;

class Places;

class Place {
  public:
    explicit Place(Places& places) : places_(&places) {}
    Place(Place&& other) noexcept : places_(std::exchange(other.places_, nullptr)) {}
    Place& operator=(Place&&) = delete;
    ~Place();

  private:
    Places* places_;
};

class Places {
  public:
    Places(asio::io_context& loop, std::size_t running_limit, std::size_t waiting_limit)
        : loop_(loop), free_(running_limit), waiting_limit_(waiting_limit) {}

    asio::awaitable<Result<Place>> take();

  private:
    friend class Place;
    struct Waiter;
    void give_back();

    asio::io_context& loop_;
    std::size_t free_;
    const std::size_t waiting_limit_;
    std::list<Waiter*> waiting_;
};

}  // namespace tutti::scribe
