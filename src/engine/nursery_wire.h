// SPDX-License-Identifier: Apache-2.0
// Between a nursery and the process it belongs to: one message a packet, some with descriptors.
//
//   <- loaded | refused                             once, when the model is there or cannot be
//   fork -> forked (+ connection, pidfd) | refused
#pragma once

#include "base/unique_fd.h"
#include "proto/engine_messages.h"

#include <vector>

namespace tutti::engine::nursery_wire {

struct Fork {
    static constexpr std::uint8_t kType = 1;
    proto::StreamMode mode = proto::StreamMode::live;
    std::int32_t niceness = 0;
    static auto tied(auto& self) { return std::tie(self.mode, self.niceness); }
};

struct Loaded {
    static constexpr std::uint8_t kType = 64;
    static auto tied(auto&) { return std::tuple<>(); }
};

struct Forked {
    static constexpr std::uint8_t kType = 65;
    std::int32_t pid = -1;
    static auto tied(auto& self) { return std::tie(self.pid); }
};

struct Refused {
    static constexpr std::uint8_t kType = 66;
    std::string why;
    static auto tied(auto& self) { return std::tie(self.why); }
};

using ToNursery = std::variant<Fork>;
using FromNursery = std::variant<Loaded, Forked, Refused>;

inline constexpr std::size_t kMaxPacket = 4096;

struct Packet {
    std::string body;  // empty: the other end is gone
    std::vector<UniqueFd> fds;
};

// Waits for the next packet. Both are for blocking sockets of type SOCK_SEQPACKET.
Packet receive_packet(int socket);
// False, with errno, when the other end is gone.
bool send_packet(int socket, std::string_view body, std::initializer_list<int> fds = {});

template <class Message>
std::string body_of(const Message& message) {
    std::string frame;
    proto::append_frame(frame, message);
    return frame.substr(proto::kFrameHeader);
}

}  // namespace tutti::engine::nursery_wire
