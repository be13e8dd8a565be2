// SPDX-License-Identifier: Apache-2.0
#include "supervisor/notify.h"

#include "base/error.h"
#include "base/log.h"

#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>

namespace tutti::supervisor {
namespace {

constexpr std::size_t kMostUnsent = 4096;

std::string take_variable(const char* name) {
    const char* value = std::getenv(name);
    std::string text = value ? value : "";
    ::unsetenv(name);
    return text;
}

std::optional<std::int64_t> positive_number(std::string_view text) {
    std::int64_t number = 0;
    const auto* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, number);
    if (failure != std::errc() || stop != end || number <= 0) return std::nullopt;
    return number;
}

// A line break would begin another assignment.
std::string one_line(std::string_view text) {
    std::string line(text);
    for (char& c : line)
        if (c == '\n') c = ' ';
    return line;
}

}  // namespace

Notify Notify::from_environment() {
    Notify notify;
    notify.path_ = take_variable("NOTIFY_SOCKET");
    const auto interval = positive_number(take_variable("WATCHDOG_USEC"));
    const auto watched = take_variable("WATCHDOG_PID");
    const auto& path = notify.path_;
    if (path.empty()) return notify;
    auto& address = notify.address_;
    const bool is_abstract = path[0] == '@';
    if ((path[0] != '/' && !is_abstract) || path.size() >= sizeof address.sun_path) {
        log::warn("NOTIFY_SOCKET is no address we can use: {}", log::printable(path));
        return notify;
    }
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path.data(), path.size());
    if (is_abstract) address.sun_path[0] = '\0';
    // The length of an abstract name counts; a path ends with a zero byte.
    notify.address_size_ = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + path.size() +
                                                  (is_abstract ? 0 : 1));
    notify.socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    const bool is_for_us = watched.empty() || positive_number(watched) == ::getpid();
    if (interval && is_for_us) notify.watchdog_ = std::chrono::microseconds(*interval);
    return notify;
}

void Notify::ready(std::string_view text) {
    send(fmt::format("READY=1\nSTATUS={}\n", one_line(text)), Keep::yes);
}

void Notify::status(std::string_view text) {
    send(fmt::format("STATUS={}\n", one_line(text)), Keep::no);
}

void Notify::reloading() {
    timespec now{};
    ::clock_gettime(CLOCK_MONOTONIC, &now);
    send(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\n",
                     now.tv_sec * 1'000'000 + now.tv_nsec / 1000),
         Keep::yes);
}

void Notify::stopping() {
    send("STOPPING=1\n", Keep::yes);
}

void Notify::main_pid(pid_t pid) {
    send(fmt::format("MAINPID={}\n", pid), Keep::yes);
}

void Notify::watchdog() {
    send("WATCHDOG=1\n", Keep::no);
}

void Notify::extend_timeout(std::chrono::microseconds from_now) {
    send(fmt::format("EXTEND_TIMEOUT_USEC={}\n", from_now.count()), Keep::no);
}

std::vector<std::string> Notify::environment_of_successor() const {
    if (!is_active()) return {};
    std::vector<std::string> entries = {"NOTIFY_SOCKET=" + path_};
    if (watchdog_) entries.push_back(fmt::format("WATCHDOG_USEC={}", watchdog_->count()));
    return entries;
}

void Notify::send(std::string_view assignments, Keep if_not_taken) {
    if (!socket_) return;
    const auto text = unsent_ + std::string(assignments);
    const auto sent = ::sendto(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL,
                               reinterpret_cast<const sockaddr*>(&address_), address_size_);
    if (sent >= 0)
        unsent_.clear();
    else if (errno != EAGAIN && errno != ENOBUFS)
        log::warn("{}", errno_error("notify systemd").message());
    else if (if_not_taken == Keep::yes)
        unsent_ = text.size() <= kMostUnsent ? text : assignments;
}

}  // namespace tutti::supervisor
