// SPDX-License-Identifier: Apache-2.0
#include "engine/frame_socket.h"

#include "proto/wire.h"

#include <cerrno>
#include <poll.h>
#include <sys/socket.h>

namespace tutti::engine {
namespace {

constexpr std::size_t kReadBlock = 64 * 1024;

bool must_wait() {
    return errno == EAGAIN || errno == EINTR;
}

}  // namespace

FrameSocket::FrameSocket(UniqueFd fd, std::size_t frame_limit)
    : fd_(std::move(fd)), frame_limit_(frame_limit) {
}

void FrameSocket::send(std::string_view frames) {
    while (!frames.empty()) {
        const auto n = ::send(fd_.get(), frames.data(), frames.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n >= 0)
            frames.remove_prefix(static_cast<std::size_t>(n));
        else if (must_wait())
            wait(POLLOUT);
        else
            throw PeerGone("the peer does not read");
    }
}

std::string_view FrameSocket::receive() {
    inbox_.erase(0, taken_);
    taken_ = 0;
    for (;;) {
        const auto size = proto::frame_size(inbox_);
        if (size > proto::kFrameHeader + frame_limit_) throw PeerGone("a frame is too long");
        if (size > 0 && inbox_.size() >= size) {
            taken_ = size;
            return std::string_view(inbox_).substr(proto::kFrameHeader, size - proto::kFrameHeader);
        }
        const auto have = inbox_.size();
        inbox_.resize(have + kReadBlock);
        const auto n = ::recv(fd_.get(), inbox_.data() + have, kReadBlock, MSG_DONTWAIT);
        const bool is_waiting = n < 0 && must_wait();
        inbox_.resize(have + static_cast<std::size_t>(n > 0 ? n : 0));
        if (is_waiting)
            wait(POLLIN);
        else if (n <= 0)
            throw PeerGone("the peer is gone");
    }
}

bool FrameSocket::is_quiet() const {
    char byte = 0;
    const auto n = ::recv(fd_.get(), &byte, 1, MSG_DONTWAIT | MSG_PEEK);
    return n < 0 && must_wait();
}

void FrameSocket::wait(short events) {
    pollfd subject{fd_.get(), events, 0};
    const auto limit = on_wait ? static_cast<int>(kTick.count()) : -1;
    if (::poll(&subject, 1, limit) == 0) on_wait();
}

}  // namespace tutti::engine
