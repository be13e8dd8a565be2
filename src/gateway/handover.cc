// SPDX-License-Identifier: Apache-2.0
#include "gateway/handover.h"

#include "base/log.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <cerrno>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstring>

namespace tutti::gateway {
namespace {

using asio::local::datagram_protocol;
constexpr auto use_result = asio::as_tuple(asio::use_awaitable);

// One descriptor and the byte that must go with it.
struct Message {
    char byte = 'c';
    iovec bytes{&byte, 1};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr header{};

    Message() {
        header.msg_iov = &bytes;
        header.msg_iovlen = 1;
        header.msg_control = control;
        header.msg_controllen = sizeof control;
    }
    Message(const Message&) = delete;
    Message& operator=(const Message&) = delete;
};

UniqueFd descriptor_in(msghdr& header) {
    const auto* control = CMSG_FIRSTHDR(&header);
    if (!control || control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS)
        return {};
    int fd = -1;
    std::memcpy(&fd, CMSG_DATA(control), sizeof fd);
    return UniqueFd(fd);
}

}  // namespace

Handover::Handover(asio::io_context& loop, DescriptorReserve& reserve, UniqueFd inbox)
    : reserve_(reserve),
      inbox_(loop, datagram_protocol(), inbox.release()),
      sender_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
}

bool Handover::send(int socket, const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (path.size() >= sizeof address.sun_path) return false;
    std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
    Message message;
    message.header.msg_name = &address;
    message.header.msg_namelen = sizeof address;
    auto* control = CMSG_FIRSTHDR(&message.header);
    control->cmsg_level = SOL_SOCKET;
    control->cmsg_type = SCM_RIGHTS;
    control->cmsg_len = CMSG_LEN(sizeof socket);
    std::memcpy(CMSG_DATA(control), &socket, sizeof socket);
    return ::sendmsg(sender_.get(), &message.header, MSG_DONTWAIT | MSG_NOSIGNAL) == 1;
}

asio::awaitable<boost::system::error_code> Handover::wait() {
    const auto [error] =
        co_await inbox_.async_wait(datagram_protocol::socket::wait_read, use_result);
    co_return error;
}

// A descriptor that cannot be received is lost, so one is made free first.
std::optional<Handover::Received> Handover::receive() {
    if (!inbox_.is_open()) return std::nullopt;
    for (;;) {
        reserve_.give_up();
        Message message;
        const auto n =
            ::recvmsg(inbox_.native_handle(), &message.header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
        Received received{n < 0 ? UniqueFd() : descriptor_in(message.header)};
        received.is_last_descriptor = !reserve_.take_back();
        if (received.socket) return received;
        if (n < 0) return std::nullopt;
        log::warn("a connection handed over was lost for want of a descriptor");
    }
}

// Released first: another process holds the same socket, so closing alone would not take it from
// the loop's epoll set.
void Handover::close() {
    if (!inbox_.is_open()) return;
    boost::system::error_code ignored;
    inbox_.cancel(ignored);
    const UniqueFd released(inbox_.release(ignored));
}

}  // namespace tutti::gateway
