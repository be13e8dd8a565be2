// SPDX-License-Identifier: Apache-2.0
#include "engine/nursery_wire.h"

#include <cerrno>
#include <sys/socket.h>

#include <array>

namespace tutti::engine::nursery_wire {
namespace {

constexpr std::size_t kMaxFds = 2;

struct alignas(cmsghdr) Control {
    std::array<char, CMSG_SPACE(kMaxFds * sizeof(int))> bytes{};
};

std::vector<UniqueFd> take_fds(msghdr& message) {
    std::vector<UniqueFd> fds;
    for (auto* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        const auto* at = CMSG_DATA(header);
        for (auto left = header->cmsg_len - CMSG_LEN(0); left >= sizeof(int); left -= sizeof(int)) {
            int raw = -1;
            std::memcpy(&raw, at, sizeof raw);
            fds.emplace_back(raw);
            at += sizeof raw;
        }
    }
    return fds;
}

}  // namespace

Packet receive_packet(int socket) {
    Packet packet{.body = std::string(kMaxPacket, '\0'), .fds = {}};
    iovec part{packet.body.data(), packet.body.size()};
    Control control;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control.bytes.data();
    message.msg_controllen = control.bytes.size();
    ssize_t size = -1;
    do size = ::recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
    while (size < 0 && errno == EINTR);
    packet.body.resize(static_cast<std::size_t>(size > 0 ? size : 0));
    if (size > 0) packet.fds = take_fds(message);
    return packet;
}

bool send_packet(int socket, std::string_view body, std::initializer_list<int> fds) {
    iovec part{const_cast<char*>(body.data()), body.size()};
    Control control;
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    if (fds.size() > 0) {
        message.msg_control = control.bytes.data();
        message.msg_controllen = CMSG_SPACE(fds.size() * sizeof(int));
        cmsghdr* header = CMSG_FIRSTHDR(&message);
        header->cmsg_level = SOL_SOCKET;
        header->cmsg_type = SCM_RIGHTS;
        header->cmsg_len = CMSG_LEN(fds.size() * sizeof(int));
        std::memcpy(CMSG_DATA(header), std::data(fds), fds.size() * sizeof(int));
    }
    ssize_t sent = -1;
    do sent = ::sendmsg(socket, &message, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent == static_cast<ssize_t>(body.size());
}

}  // namespace tutti::engine::nursery_wire
