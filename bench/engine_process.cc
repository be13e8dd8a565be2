// SPDX-License-Identifier: Apache-2.0
#include "engine_process.h"

#include "proto/worker_messages.h"
#include "runtime/worker.h"

#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>

#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <stdexcept>

namespace tutti::bench {
namespace {

namespace asio = boost::asio;
namespace fs = std::filesystem;
using Local = asio::local::stream_protocol;

struct Folder {
    std::string path = (fs::temp_directory_path() / "tutti-bench-XXXXXX").string();
    Folder() {
        if (!::mkdtemp(path.data())) throw std::runtime_error("no temporary folder");
    }
    ~Folder() { fs::remove_all(path); }
};

void close_on_exec(int fd) {
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
}

}  // namespace

EngineProcess::EngineProcess(const std::string& program, const std::string& model_folder,
                             std::size_t threads) {
    const Folder folder;
    const Local::endpoint place(folder.path + "/engine.sock");
    Local::acceptor listener(loop_, place);
    close_on_exec(listener.native_handle());
    runtime::UnixSocket ours(loop_), theirs(loop_);
    asio::local::connect_pair(ours, theirs);
    close_on_exec(ours.native_handle());
    const auto count = std::to_string(threads);
    child_.emplace(
        runtime::ChildProcess::start(
            loop_, {.path = program,
                    .argv = {program, "--slot", "0", "--model-dir", model_folder, "--live-threads",
                             count, "--whole-threads", "1", "--log-level", "warn"},
                    .fds = {{theirs.native_handle(), runtime::kChannelFd},
                            {listener.native_handle(), runtime::kListenerFd},
                            {board_.fd(), runtime::kScoreboardFd}}})
            .value());
    theirs.close();
    channel_.emplace(std::move(ours));
    char ready[4096];  // "ready" is the first it says
    if (::recv(channel_->native_handle(), ready, sizeof ready, 0) <= 0)
        throw std::runtime_error("the engine did not start");
    connection_.emplace(loop_);
    connection_->connect(place);
    connection_->native_non_blocking(true);
}

double EngineProcess::cpu_seconds() const {
    clockid_t clock{};
    timespec used{};
    if (::clock_getcpuclockid(child_->pid(), &clock) != 0 || ::clock_gettime(clock, &used) != 0)
        throw std::runtime_error("the engine has ended");
    return static_cast<double>(used.tv_sec) + 1e-9 * static_cast<double>(used.tv_nsec);
}

std::optional<proto::FromEngine> EngineProcess::next(std::chrono::steady_clock::time_point until) {
    for (;;) {
        if (auto message = take()) return message;
        const auto left = until - std::chrono::steady_clock::now();
        const auto wait = std::chrono::ceil<std::chrono::milliseconds>(left).count();
        const short events = POLLIN | (outbox_.empty() ? 0 : POLLOUT);
        pollfd ready{connection_->native_handle(), events, 0};
        if (::poll(&ready, 1, static_cast<int>(std::max<long>(wait, 0))) < 0)
            throw std::runtime_error("poll");
        exchange(ready.revents & (POLLIN | POLLHUP));
        if (ready.revents == 0) return std::nullopt;
    }
}

std::optional<proto::FromEngine> EngineProcess::take() {
    const auto unread = std::string_view(inbox_).substr(read_);
    const auto size = proto::frame_size(unread);
    if (size == 0 || unread.size() < size) return std::nullopt;
    read_ += size;
    return proto::decode<proto::FromEngine>(unread.substr(0, size).substr(proto::kFrameHeader))
        .value();
}

void EngineProcess::exchange(bool may_read) {
    if (!outbox_.empty()) {
        const auto sent = ::send(connection_->native_handle(), outbox_.data(), outbox_.size(),
                                 MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent > 0) outbox_.erase(0, static_cast<std::size_t>(sent));
    }
    if (!may_read) return;
    inbox_.erase(0, std::exchange(read_, 0));
    char block[65536];
    const auto got = ::recv(connection_->native_handle(), block, sizeof block, MSG_DONTWAIT);
    if (got == 0) throw std::runtime_error("the engine has closed the connection");
    if (got > 0) inbox_.append(block, static_cast<std::size_t>(got));
}

}  // namespace tutti::bench
