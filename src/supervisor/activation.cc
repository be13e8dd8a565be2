// SPDX-License-Identifier: Apache-2.0
#include "supervisor/activation.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>

namespace tutti::supervisor {
namespace {

constexpr int kMostSockets = 1024;

std::optional<std::string> take_variable(const char* name) {
    const char* value = std::getenv(name);
    if (!value) return std::nullopt;
    std::string text = value;
    ::unsetenv(name);
    return text;
}

std::optional<int> number_in(std::string_view text) {
    int number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, number);
    if (failure != std::errc() || stop != end) return std::nullopt;
    return number;
}

std::vector<std::string> split_names(std::string_view text) {
    std::vector<std::string> names;
    for (;;) {
        const auto colon = text.find(':');
        names.emplace_back(text.substr(0, colon));
        if (colon == std::string_view::npos) return names;
        text.remove_prefix(colon + 1);
    }
}

int option_of(int fd, int option) {
    int value = -1;
    socklen_t size = sizeof value;
    return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) == 0 ? value : -1;
}

bool is_tcp_listener(int fd) {
    const int domain = option_of(fd, SO_DOMAIN);
    return (domain == AF_INET || domain == AF_INET6) && option_of(fd, SO_TYPE) == SOCK_STREAM &&
           option_of(fd, SO_ACCEPTCONN) == 1;
}

Result<void> read_address(ActivatedSocket& socket) {
    sockaddr_storage address{};
    socklen_t size = sizeof address;
    auto* const generic = reinterpret_cast<sockaddr*>(&address);
    if (::getsockname(socket.fd.get(), generic, &size) != 0) return errno_error("getsockname");
    char host[NI_MAXHOST], port[NI_MAXSERV];
    const int failure = ::getnameinfo(generic, size, host, sizeof host, port, sizeof port,
                                      NI_NUMERICHOST | NI_NUMERICSERV);
    if (failure != 0)
        return Error(Errc::io, std::string("getnameinfo: ") + ::gai_strerror(failure));
    socket.host = host;
    socket.port = static_cast<std::uint16_t>(number_in(port).value_or(0));
    return {};
}

Result<ActivatedSocket> take_socket(int fd, std::string name) {
    ActivatedSocket socket{.fd = UniqueFd(fd), .name = std::move(name)};
    if (!is_tcp_listener(fd))
        return Error(Errc::bad_config,
                     fmt::format("systemd passed descriptor {} ({}), which is not a listening TCP "
                                 "socket: the socket unit needs ListenStream with a port",
                                 fd, socket.name));
    ::fcntl(fd, F_SETFD, FD_CLOEXEC);
    ::fcntl(fd, F_SETFL, ::fcntl(fd, F_GETFL) | O_NONBLOCK);
    if (auto done = read_address(socket); !done) return done.error();
    return socket;
}

}  // namespace

Result<std::vector<ActivatedSocket>> take_activated(int first_fd) {
    std::vector<ActivatedSocket> sockets;
    const auto pid = take_variable("LISTEN_PID");
    const auto count_text = take_variable("LISTEN_FDS");
    const auto names_text = take_variable("LISTEN_FDNAMES");
    // Variables that were meant for another process have only come through it.
    if (!pid || !count_text || number_in(*pid) != ::getpid()) return sockets;
    const auto count = number_in(*count_text);
    if (!count || *count < 0 || *count > kMostSockets)
        return Error(Errc::bad_config, "LISTEN_FDS is not a number of sockets: " + *count_text);
    auto names = names_text ? split_names(*names_text) : std::vector<std::string>();
    names.resize(static_cast<std::size_t>(*count), "unknown");
    for (int i = 0; i < *count; ++i) {
        auto socket = take_socket(first_fd + i, names[static_cast<std::size_t>(i)]);
        if (!socket) return socket.error();
        sockets.push_back(std::move(*socket));
    }
    return sockets;
}

}  // namespace tutti::supervisor
