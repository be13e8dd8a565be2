// SPDX-License-Identifier: Apache-2.0
#include "runtime/ipc_channel.h"

#include "base/log.h"
#include "runtime/readable.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <sys/socket.h>

namespace tutti::runtime {
namespace {

constexpr std::size_t kReadBlock = 64 * 1024;
constexpr auto use_result = asio::as_tuple(asio::use_awaitable);

// Memory a burst has grown is given back once the buffer is empty again.
void clear_and_shrink(std::string& buffer) {
    buffer.clear();
    if (buffer.capacity() > 4 * kReadBlock) buffer.shrink_to_fit();
}

}  // namespace

IpcChannel::IpcChannel(UnixSocket socket, Limits limits)
    : socket_(std::move(socket)),
      limits_(limits),
      posted_(socket_.get_executor(), asio::steady_timer::time_point::max()) {
}

std::optional<std::string_view> IpcChannel::next() {
    const auto rest = std::string_view(inbox_).substr(parsed_, received_ - parsed_);
    const auto size = proto::frame_size(rest);
    if (size > limits_.frame) {
        is_broken_ = true;
        return std::nullopt;
    }
    if (size == 0 || rest.size() < size) return std::nullopt;
    parsed_ += size;
    return rest.substr(proto::kFrameHeader, size - proto::kFrameHeader);
}

asio::awaitable<boost::system::error_code> IpcChannel::fill() {
    inbox_.erase(0, parsed_);
    received_ -= parsed_;
    parsed_ = 0;
    if (inbox_.size() < received_ + kReadBlock) inbox_.resize(received_ + kReadBlock);
    auto [error, n] = co_await socket_.async_read_some(
        asio::buffer(inbox_.data() + received_, inbox_.size() - received_), use_result);
    received_ += n;
    co_return error;
}

asio::awaitable<void> IpcChannel::run_writer() {
    while (!is_closed_) {
        if (outbox_.empty()) {
            if (closes_when_written_) break;
            co_await posted_.async_wait(use_result);
            const auto state = co_await asio::this_coro::cancellation_state;
            if (state.cancelled() != asio::cancellation_type::none) break;
            continue;
        }
        writing_.swap(outbox_);
        auto [error, n] = co_await asio::async_write(socket_, asio::buffer(writing_), use_result);
        clear_and_shrink(writing_);
        if (error) break;
    }
    close();
}

void IpcChannel::close() {
    is_closed_ = true;
    boost::system::error_code ignored;
    socket_.shutdown(UnixSocket::shutdown_both, ignored);
    posted_.cancel();
}

void IpcChannel::close_when_written() {
    closes_when_written_ = true;
    posted_.cancel();
}

void IpcChannel::wake_writer() {
    if (outbox_.size() > limits_.outbox) {
        log::warn("ipc: peer does not read, {} bytes wait; giving it up", outbox_.size());
        return close();
    }
    posted_.cancel();
}

Result<void> send_with_fd(UnixSocket& socket, std::string_view frame, int fd) {
    iovec part{const_cast<char*>(frame.data()), frame.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof fd)] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof fd);
    std::memcpy(CMSG_DATA(header), &fd, sizeof fd);
    const auto sent = ::sendmsg(socket.native_handle(), &message, MSG_NOSIGNAL);
    if (sent != static_cast<ssize_t>(frame.size())) return errno_error("sendmsg");
    return {};
}

asio::awaitable<Result<std::pair<std::string, UniqueFd>>> receive_with_fd(UnixSocket& socket,
                                                                          std::size_t frame_limit) {
    socket.non_blocking(true);
    const auto error = co_await wait_readable(socket);
    if (error) co_return Error(error, "wait for a job");
    std::string frame(frame_limit, '\0');
    iovec part{frame.data(), frame.size()};
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
    msghdr message{};
    message.msg_iov = &part;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    const auto n = ::recvmsg(socket.native_handle(), &message, MSG_CMSG_CLOEXEC);
    if (n <= 0) co_return Error(Errc::protocol_violation, "no job on the connection");
    UniqueFd fd;
    for (auto* header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
        if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
        int raw = -1;
        std::memcpy(&raw, CMSG_DATA(header), sizeof raw);
        fd.reset(raw);
    }
    // The kernel hands on the part that carries the descriptor alone.
    const auto size = static_cast<std::size_t>(n);
    const auto wanted = proto::frame_size(std::string_view(frame).substr(0, size));
    if (!fd || wanted < size || wanted > frame_limit)
        co_return Error(Errc::protocol_violation, "a job must come whole and with its file");
    frame.resize(wanted);
    if (size < wanted) {
        const auto rest = asio::buffer(frame.data() + size, wanted - size);
        const auto [broken, read] = co_await asio::async_read(socket, rest, use_result);
        if (broken) co_return Error(broken, "the rest of a job");
    }
    co_return std::pair(std::move(frame), std::move(fd));
}

}  // namespace tutti::runtime
