// SPDX-License-Identifier: Apache-2.0
// How connections come into a gateway: from its own listener, and handed on by other gateways.
// Each is passed to a gateway with fewer, refused, or served; a handed-on one is never passed
// again.
//
//   Acceptor acceptor(services, connections);      from the first roster on:
//   tasks.spawn("accept", acceptor.run_listener());  tasks.spawn("handover", acceptor.run_inbox());
//   acceptor.update(roster);
//   acceptor.stop();       takes what waits and nothing after it
//
// 1. Out of descriptors it rests kPause at a time, tells the client that waits longest, and logs at
//    most once a second.
// 2. The listener and the inbox belong to the place. Stopping leaves them to the successor.
//
// Loop thread only.
#pragma once

#include "gateway/descriptor_reserve.h"
#include "gateway/handover.h"
#include "gateway/refuser.h"
#include "gateway/services.h"

#include <boost/asio/ip/tcp.hpp>

#include <string>
#include <vector>

namespace tutti::gateway {

class Acceptor {
  public:
    // Takes over descriptors 4 and 7. Connections are served in `connections`.
    Acceptor(Services& services, runtime::TaskGroup& connections);

    asio::awaitable<void> run_listener();
    asio::awaitable<void> run_inbox();
    asio::awaitable<void> run_refuser() { return refuser_.run(); }

    // Learns of the gateways there are.
    void update(const proto::Roster& roster);
    void stop();

    // No refused connection is still open.
    bool is_done() const { return refuser_.is_done(); }

  private:
    enum class Outcome { drained, more, starved };
    struct Peer {
        const runtime::Slot* slot;
        std::string socket;
    };

    Outcome accept_some();
    Outcome receive_some();
    Outcome on_accept_error(int error);
    void refuse_with_reserve();
    static bool may_take(const Peer& peer);
    bool hand_on(const UniqueFd& socket);
    void take(UniqueFd socket);
    void refuse(UniqueFd socket);
    void complain(const char* what);
    asio::awaitable<void> rest();

    Services& services_;
    runtime::TaskGroup& connections_;
    asio::ip::tcp::acceptor listener_;
    DescriptorReserve reserve_;
    Handover handover_;
    Refuser refuser_;
    std::vector<Peer> peers_;           // gateways of the roster
    std::size_t own_peer_ = 0;          // this one's place there, or peers_.size()
    std::vector<std::int64_t> counts_;  // of peers_, kept for its memory
    std::chrono::steady_clock::time_point complained_at_{};
    bool is_stopped_ = false;
};

}  // namespace tutti::gateway
