// SPDX-License-Identifier: Apache-2.0
// The TCP listeners of the gateways, one each, all on one address (SO_REUSEPORT).
//
//   auto listeners = TcpListeners::open(host, port, backlog);   // or adopt() those of others
//   int fd = listeners->at(2);                                  // made when it is not there yet
//   listeners->steer_to(2);                                     // new connections go to 0 and 1
//   listeners->close_from(2);                                   // once nothing waits there
//
// The supervisor keeps them open for as long as the server lives, so connections that wait in a
// dead gateway's queue go to its successor. Which listener gets a connection is decided by a small
// program in the kernel that draws evenly among the first ones, so that a listener can be emptied
// before it is closed: closing it with connections in its queue would reset them.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

#include <cstdint>
#include <string>
#include <vector>

namespace tutti::supervisor {

class TcpListeners {
  public:
    // Port 0 lets the system choose. An address that any other server uses is refused, although
    // SO_REUSEPORT by itself would share it.
    static Result<TcpListeners> open(const std::string& host, std::uint16_t port, int backlog);

    // Our own, or those of the server we replace, in its order, are ours to multiply. Systemd's are
    // taken as they are: gateways share them when they are fewer.
    enum class Origin { own, systemd };
    static Result<TcpListeners> adopt(std::vector<UniqueFd> sockets, Origin origin, int backlog);

    // Fewer gateways would leave a socket that clients reach and nobody reads.
    std::size_t least_gateways() const { return is_fixed() ? sockets_.size() : 1; }
    Result<int> at(std::size_t index);
    void steer_to(std::size_t count);
    void close_from(std::size_t index);

    std::uint16_t port() const { return port_; }
    Origin origin() const { return origin_; }
    // "127.0.0.1" or "[::1]", as a URL has it.
    std::string host_of_url() const;
    const std::vector<UniqueFd>& sockets() const { return sockets_; }
    // Connections each listener holds, after the system's own limit.
    int backlog() const { return backlog_; }

  private:
    TcpListeners() = default;
    Result<void> add();
    // Neither more nor fewer, nor steered.
    bool is_fixed() const { return origin_ == Origin::systemd; }

    std::vector<UniqueFd> sockets_;
    std::string host_;
    std::uint16_t port_ = 0;
    int backlog_ = 0;
    Origin origin_ = Origin::own;
};

}  // namespace tutti::supervisor
