// SPDX-License-Identifier: Apache-2.0
#include "cli/ctl_call.h"

#include "base/log.h"
#include "base/unique_fd.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>

namespace tutti::cli {
namespace {

namespace json = boost::json;
using std::chrono::steady_clock;

constexpr std::size_t kMaxReply = 64 << 20;
constexpr std::size_t kShownError = 2000;

Error no_server(const std::string& path, std::string_view why) {
    return Error(Errc::unavailable, fmt::format("there is no server at {} ({}); --socket, --port "
                                                "or --config tell where it is",
                                                path, why));
}

Error gone() {
    return Error(Errc::client_gone,
                 "the server closed the connection without an answer; its log may say why");
}

std::string name_of_user(uid_t uid) {
    const auto* entry = ::getpwuid(uid);
    return entry ? fmt::format("{} (uid {})", entry->pw_name, uid) : fmt::format("uid {}", uid);
}

// A blocking connection whose calls all end by one deadline.
class Connection {
  public:
    explicit Connection(const ControlAddress& address) : address_(address) {
        if (address.limit) deadline_ = steady_clock::now() + *address.limit;
    }

    Result<void> open();
    Result<void> check_owner() const;
    Result<void> send(std::string_view text);
    Result<std::string> read_line();

  private:
    Result<void> arm(int option);
    // The error of a call that failed with errno.
    Error failure() const;

    const ControlAddress& address_;
    std::optional<steady_clock::time_point> deadline_;
    UniqueFd fd_;
};

Error Connection::failure() const {
    if (errno == EAGAIN)
        return Error(Errc::busy,
                     fmt::format("no answer within {} s; what was asked may still be done",
                                 static_cast<double>(address_.limit->count()) / 1000));
    if (errno == EPIPE || errno == ECONNRESET) return gone();
    return errno_error("control socket");
}

// Gives the next call what is left of the time.
Result<void> Connection::arm(int option) {
    if (!deadline_) return {};
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(*deadline_ - steady_clock::now());
    if (left.count() <= 0) {
        errno = EAGAIN;
        return failure();
    }
    const timeval limit{.tv_sec = left.count() / 1'000'000, .tv_usec = left.count() % 1'000'000};
    if (::setsockopt(fd_.get(), SOL_SOCKET, option, &limit, sizeof limit) != 0)
        return errno_error("setsockopt");
    return {};
}

Result<void> Connection::open() {
    const auto& path = address_.path;
    sockaddr_un name{};
    name.sun_family = AF_UNIX;
    if (path.size() >= sizeof name.sun_path) return no_server(path, "the path is too long");
    std::memcpy(name.sun_path, path.c_str(), path.size() + 1);
    fd_ = UniqueFd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd_) return errno_error("socket");
    if (auto armed = arm(SO_SNDTIMEO); !armed) return armed;
    if (::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) == 0) return {};
    if (errno == EACCES || errno == EPERM)
        return Error(Errc::io, fmt::format("you may not use {} ({}); ask as root or as the user "
                                           "that the server runs as",
                                           path, std::strerror(errno)));
    if (errno == EAGAIN) return failure();
    return no_server(path, std::strerror(errno));
}

Result<void> Connection::check_owner() const {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(fd_.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return errno_error("SO_PEERCRED");
    if (is_trusted(peer.uid, ::geteuid())) return {};
    return Error(Errc::io, fmt::format("{} belongs to {}, neither to root nor to you, and is not "
                                       "believed; ask as that user",
                                       address_.path, name_of_user(peer.uid)));
}

Result<void> Connection::send(std::string_view text) {
    while (!text.empty()) {
        if (auto armed = arm(SO_SNDTIMEO); !armed) return armed;
        const auto n = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failure();
        text.remove_prefix(static_cast<std::size_t>(n));
    }
    return {};
}

Result<std::string> Connection::read_line() {
    std::string text;
    char block[16384];
    while (text.size() < kMaxReply) {
        if (auto armed = arm(SO_RCVTIMEO); !armed) return armed.error();
        const auto n = ::recv(fd_.get(), block, sizeof block, 0);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return failure();
        if (n == 0 && text.empty()) return gone();
        if (n == 0) return Error(Errc::client_gone, "the server ended in the middle of its answer");
        const std::string_view piece(block, static_cast<std::size_t>(n));
        text.append(piece.substr(0, piece.find('\n')));
        if (piece.find('\n') != piece.npos) return text;
    }
    return Error(Errc::protocol_violation, "the server's answer is too long");
}

Result<json::value> read_reply(const std::string& line) {
    boost::system::error_code bad;
    const auto value = json::parse(line, bad);
    const auto* reply = bad ? nullptr : value.if_object();
    const auto* ok = reply ? reply->if_contains("ok") : nullptr;
    if (!ok || !ok->is_bool())
        return Error(Errc::protocol_violation, "what answers there is no Tutti server");
    if (ok->as_bool()) {
        const auto* result = reply->if_contains("result");
        return result ? *result : json::value();
    }
    const auto* error = reply->if_contains("error");
    if (!error || !error->is_string()) return Error(Errc::io, "the server gives no reason");
    return Error(Errc::io, log::printable(error->as_string(), kShownError));
}

}  // namespace

bool is_trusted(uid_t owner, uid_t user) {
    return owner == 0 || owner == user;
}

Result<json::value> call_control(const ControlAddress& address, const json::object& request) {
    Connection connection(address);
    if (auto opened = connection.open(); !opened) return opened.error();
    if (auto checked = connection.check_owner(); !checked) return checked.error();
    if (auto sent = connection.send(json::serialize(request) + "\n"); !sent) return sent.error();
    const auto line = connection.read_line();
    if (!line) return line.error();
    return read_reply(*line);
}

}  // namespace tutti::cli
