// SPDX-License-Identifier: Apache-2.0
#include "supervisor/control.h"

#include "base/log.h"
#include "supervisor/sockets.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace tutti::supervisor {
namespace {

namespace json = boost::json;
constexpr auto use_result = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxRequest = 64 * 1024;
constexpr auto kRequestLimit = std::chrono::seconds(5);

bool is_still_at(const std::string& path, int fd) {
    struct stat named {
    }, held{};
    return ::stat(path.c_str(), &named) == 0 && ::fstat(fd, &held) == 0 &&
           named.st_ino == held.st_ino && named.st_dev == held.st_dev;
}

// Its last owner may remove the file between our opening and our locking it; then it is made anew.
Result<UniqueFd> take_lock(const std::string& path) {
    for (;;) {
        UniqueFd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
        if (!lock) return errno_error("create " + path);
        if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0)
            return Error(Errc::io, "another server holds " + path);
        if (is_still_at(path, lock.get())) return lock;
    }
}

Result<void> remove_stale(const std::string& path) {
    struct stat info {};
    if (::lstat(path.c_str(), &info) != 0) return {};
    if (!S_ISSOCK(info.st_mode))
        return Error(Errc::bad_config,
                     fmt::format("control_socket: {} exists and is no socket", path));
    ::unlink(path.c_str());
    return {};
}

std::string describe(const ucred& peer) {
    return fmt::format("uid={} pid={}", peer.uid, peer.pid);
}

json::object reply_of(const ControlServer::Reply& reply) {
    if (reply) return {{"ok", true}, {"result", *reply}};
    return {{"ok", false}, {"error", reply.error().context}};
}

}  // namespace

Result<ControlSocket> ControlSocket::open(std::string path) {
    auto lock = take_lock(path + ".lock");
    if (!lock) return lock.error();
    if (auto removed = remove_stale(path); !removed) return removed.error();
    const auto mask = ::umask(0177);
    auto listener = listen_unix(path);
    ::umask(mask);
    if (!listener) return listener.error();
    return ControlSocket(std::move(path), std::move(*listener), std::move(*lock));
}

ControlSocket ControlSocket::adopt(UniqueFd listener, UniqueFd lock) {
    sockaddr_un address{};
    socklen_t size = sizeof address;
    ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
    return ControlSocket(address.sun_path, std::move(listener), std::move(lock));
}

ControlSocket::~ControlSocket() {
    if (!listener_ || is_let_go_) return;
    ::unlink(path_.c_str());
    ::unlink((path_ + ".lock").c_str());
}

ControlServer::ControlServer(asio::io_context& loop, Handler handler)
    : loop_(loop), handler_(std::move(handler)), acceptor_(loop), tasks_(loop) {
}

void ControlServer::listen(int socket) {
    acceptor_.assign(asio::local::stream_protocol(), ::fcntl(socket, F_DUPFD_CLOEXEC, 0));
    tasks_.spawn("control accept", accept());
}

void ControlServer::stop() {
    boost::system::error_code ignored;
    acceptor_.close(ignored);
}

asio::awaitable<void> ControlServer::accept() {
    asio::steady_timer pause(loop_);
    while (acceptor_.is_open()) {
        auto [error, socket] = co_await acceptor_.async_accept(use_result);
        if (!error) {
            tasks_.spawn("control connection", serve(std::move(socket)));
            continue;
        }
        if (!acceptor_.is_open()) co_return;
        log::warn("control socket: {}", error.message());
        pause.expires_after(std::chrono::milliseconds(100));
        co_await pause.async_wait(use_result);
    }
}

asio::awaitable<void> ControlServer::serve(Socket socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    ::getsockopt(socket.native_handle(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
    if (peer.uid != 0 && peer.uid != ::geteuid()) {
        log::warn("control socket: refused {}", describe(peer));
        co_return;
    }
    asio::steady_timer limit(loop_, kRequestLimit);
    limit.async_wait([&socket](boost::system::error_code error) {
        if (!error) socket.cancel();
    });
    std::string line;
    const auto [error, length] = co_await asio::async_read_until(
        socket, asio::dynamic_buffer(line, kMaxRequest), '\n', use_result);
    limit.cancel();
    ControlServer::Reply reply = Error(Errc::bad_request, "the request is not a line of JSON");
    if (!error) {
        boost::system::error_code bad;
        auto request = json::parse(std::string_view(line).substr(0, length), bad);
        if (!bad && request.is_object())
            reply = co_await handler_(std::move(request.as_object()), describe(peer));
    } else if (error != asio::error::not_found) {
        co_return;  // it went away, or sent nothing in time
    }
    const auto text = json::serialize(reply_of(reply)) + "\n";
    co_await asio::async_write(socket, asio::buffer(text), use_result);
}

}  // namespace tutti::supervisor
