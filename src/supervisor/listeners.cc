// SPDX-License-Identifier: Apache-2.0
#include "supervisor/listeners.h"

#include "base/log.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/filter.h>
#include <netdb.h>
#include <sys/socket.h>

#include <cstring>
#include <fstream>

namespace tutti::supervisor {
namespace {

struct Address {
    sockaddr_storage storage{};
    socklen_t size = sizeof(sockaddr_storage);

    sockaddr* raw() { return reinterpret_cast<sockaddr*>(&storage); }
    bool is_v6() const { return storage.ss_family == AF_INET6; }
    std::uint16_t port() const {
        return ntohs(is_v6() ? reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_port
                             : reinterpret_cast<const sockaddr_in*>(&storage)->sin_port);
    }
    std::string host() const {
        char text[INET6_ADDRSTRLEN] = {};
        const auto* at = is_v6() ? static_cast<const void*>(
                                       &reinterpret_cast<const sockaddr_in6*>(&storage)->sin6_addr)
                                 : &reinterpret_cast<const sockaddr_in*>(&storage)->sin_addr;
        ::inet_ntop(storage.ss_family, at, text, sizeof text);
        return text;
    }
};

Result<Address> resolve(const std::string& host, std::uint16_t port) {
    addrinfo hints{}, *found = nullptr;
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_PASSIVE;
    const auto service = std::to_string(port);
    if (const int failure = ::getaddrinfo(host.c_str(), service.c_str(), &hints, &found))
        return Error(Errc::bad_config, fmt::format("host {}: {}", host, ::gai_strerror(failure)));
    Address address;
    address.size = found->ai_addrlen;
    std::memcpy(&address.storage, found->ai_addr, found->ai_addrlen);
    ::freeaddrinfo(found);
    return address;
}

Result<Address> address_of(int fd) {
    Address address;
    if (::getsockname(fd, address.raw(), &address.size) != 0) return errno_error("getsockname");
    return address;
}

Result<UniqueFd> bind_tcp(Address address, bool shares_port) {
    UniqueFd fd(::socket(address.storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return errno_error("socket");
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (shares_port) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
    if (::bind(fd.get(), address.raw(), address.size) != 0) return errno_error("bind");
    return fd;
}

int clamped(int backlog) {
    int most = backlog;
    std::ifstream("/proc/sys/net/core/somaxconn") >> most;
    if (most < backlog)
        log::warn("backlog {} is more than net.core.somaxconn allows: {}", backlog, most);
    return std::min(backlog, most);
}

}  // namespace

Result<TcpListeners> TcpListeners::open(const std::string& host, std::uint16_t port, int backlog) {
    auto address = resolve(host, port);
    if (!address) return address.error();
    // A probe that shares with nobody finds out whether the address is free.
    if (auto probe = bind_tcp(*address, false); !probe)
        return Error(probe.error().code, fmt::format("cannot listen on {}:{}", host, port));
    TcpListeners listeners;
    listeners.host_ = address->host();
    listeners.port_ = port;
    listeners.backlog_ = clamped(backlog);
    if (auto first = listeners.add(); !first) return first.error();
    return listeners;
}

Result<TcpListeners> TcpListeners::adopt(std::vector<UniqueFd> sockets, Origin origin,
                                         int backlog) {
    const auto address = address_of(sockets.front().get());
    if (!address) return address.error();
    TcpListeners listeners;
    listeners.sockets_ = std::move(sockets);
    listeners.host_ = address->host();
    listeners.port_ = address->port();
    listeners.backlog_ = clamped(backlog);
    listeners.origin_ = origin;
    return listeners;
}

Result<void> TcpListeners::add() {
    auto address = resolve(host_, port_);
    if (!address) return address.error();
    auto fd = bind_tcp(*address, true);
    if (!fd) return fd.error();
    if (::listen(fd->get(), backlog_) != 0) return errno_error("listen");
    if (auto bound = address_of(fd->get())) port_ = bound->port();
    sockets_.push_back(std::move(*fd));
    return {};
}

Result<int> TcpListeners::at(std::size_t index) {
    if (is_fixed()) return sockets_[index % sockets_.size()].get();
    while (sockets_.size() <= index)
        if (auto added = add(); !added) return added.error();
    return sockets_[index].get();
}

// The kernel numbers the sockets of an address in the order in which they came to listen, and
// keeps that order as long as only the last ones are closed.
void TcpListeners::steer_to(std::size_t count) {
    if (is_fixed() || count == 0) return;
    sock_filter program[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, static_cast<std::uint32_t>(SKF_AD_OFF + SKF_AD_RANDOM)),
        BPF_STMT(BPF_ALU | BPF_MOD | BPF_K, static_cast<std::uint32_t>(count)),
        BPF_STMT(BPF_RET | BPF_A, 0),
    };
    const sock_fprog filter{static_cast<unsigned short>(std::size(program)), program};
    if (::setsockopt(sockets_.front().get(), SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, &filter,
                     sizeof filter) != 0)
        log::warn("connections cannot be steered between gateways: {}",
                  errno_error("SO_ATTACH_REUSEPORT_CBPF").message());
}

void TcpListeners::close_from(std::size_t index) {
    if (!is_fixed() && index > 0 && index < sockets_.size())
        sockets_.erase(sockets_.begin() + static_cast<std::ptrdiff_t>(index), sockets_.end());
}

std::string TcpListeners::host_of_url() const {
    return host_.find(':') == std::string::npos ? host_ : "[" + host_ + "]";
}

}  // namespace tutti::supervisor
