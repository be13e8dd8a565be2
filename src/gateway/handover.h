// SPDX-License-Identifier: Apache-2.0
// Fresh connections from gateway to gateway: one descriptor a datagram on the unix sockets that the
// roster names. Nothing was read from them, so the receiver serves them as if it had accepted them.
//
// 1. A place's socket belongs to the supervisor. What a process leaves unread in it when it ends
//    goes to its successor.
// 2. Sending never waits: a receiver whose queue is full gets nothing, and the sender keeps it.
//
// Loop thread only.
#pragma once

#include "base/unique_fd.h"
#include "gateway/descriptor_reserve.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/datagram_protocol.hpp>

#include <optional>
#include <string>

namespace tutti::gateway {

namespace asio = boost::asio;

class Handover {
  public:
    // `inbox` is the datagram socket of this gateway's place.
    Handover(asio::io_context& loop, DescriptorReserve& reserve, UniqueFd inbox);

    // True when the gateway at `path` will get `socket`; the caller's copy is then to be closed.
    bool send(int socket, const std::string& path);

    // Waits until something may have come.
    asio::awaitable<boost::system::error_code> wait();
    // The next connection; nullopt when none waits. With `is_last_descriptor` there is no other
    // left to serve it with.
    struct Received {
        UniqueFd socket;
        bool is_last_descriptor = false;
    };
    std::optional<Received> receive();

    // Leaves what is queued, and what will be, to the successor. wait() ends.
    void close();

  private:
    DescriptorReserve& reserve_;
    asio::local::datagram_protocol::socket inbox_;
    UniqueFd sender_;
};

}  // namespace tutti::gateway
