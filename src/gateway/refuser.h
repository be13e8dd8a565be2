// SPDX-License-Identifier: Apache-2.0
// Turns fresh connections away with a ready-made answer: 503, Retry-After, a machine code. Before
// anything is read, without an allocation or a registration anywhere.
//
//   refuser.refuse(std::move(socket));
//
// Closing a socket that holds unread bytes resets it, and the reset can overtake the answer. So up
// to kSlots refused connections stay open for at most kLinger, what they send is dropped, and they
// close when their client has. Beyond that a connection is closed at once.
//
// Loop thread only.
#pragma once

#include "base/unique_fd.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/steady_timer.hpp>

#include <array>
#include <chrono>

namespace tutti::gateway {

namespace asio = boost::asio;

class Refuser {
  public:
    static constexpr std::size_t kSlots = 256;
    static constexpr std::chrono::seconds kLinger{1};

    explicit Refuser(asio::io_context& loop);

    // `socket` does not block.
    void refuse(UniqueFd socket);
    // No refused connection is open any more.
    bool is_done() const { return count_ == 0; }

    // Closes what lingers; runs until cancelled.
    asio::awaitable<void> run();

  private:
    struct Lingering {
        UniqueFd socket;
        std::chrono::steady_clock::time_point until;
    };

    void close_done();

    std::array<Lingering, kSlots> lingering_;
    std::size_t count_ = 0;  // the first of lingering_
    asio::steady_timer wake_;
};

}  // namespace tutti::gateway
