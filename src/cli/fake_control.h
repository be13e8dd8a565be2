// SPDX-License-Identifier: Apache-2.0
// A control socket on a thread of its own that answers as a test says. Tests only.
//
//   FakeControl server([](const std::string& request) { return "{\"ok\":true}\n"; });
//   call_control({.path = server.path()}, ...);
//   server.requests();
//
// Each connection carries one line; what is returned is written as it is and the connection closed,
// after the client has gone when nothing is returned.
#pragma once

#include "base/unique_fd.h"
#include "cli/test_support.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <functional>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace tutti::cli::test {

class FakeControl {
  public:
    // nullopt = say nothing until the client has gone.
    using Answer = std::function<std::optional<std::string>(const std::string&)>;

    explicit FakeControl(Answer answer) : answer_(std::move(answer)), listener_(listen()) {
        thread_ = std::thread([this] { serve(); });
    }
    explicit FakeControl(std::string answer)
        : FakeControl([answer = std::move(answer)](const std::string&) { return answer; }) {}
    FakeControl(const FakeControl&) = delete;
    FakeControl& operator=(const FakeControl&) = delete;
    ~FakeControl() {
        ::shutdown(listener_.get(), SHUT_RDWR);  // ends a blocked accept
        thread_.join();
    }

    std::string path() const { return folder_ / "ctl.sock"; }
    std::vector<std::string> requests() const {
        const std::lock_guard lock(mutex_);
        return requests_;
    }

  private:
    UniqueFd listen() const {
        sockaddr_un name{};
        name.sun_family = AF_UNIX;
        const auto where = path();
        std::memcpy(name.sun_path, where.c_str(), where.size() + 1);
        UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&name), sizeof name) != 0 ||
            ::listen(fd.get(), 8) != 0)
            throw std::runtime_error("cannot listen on " + where);
        return fd;
    }
    void serve() {
        for (;;) {
            const UniqueFd client(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!client) return;
            serve_one(client.get());
        }
    }
    void serve_one(int client) {
        std::string line;
        char c = 0;
        while (::read(client, &c, 1) == 1 && c != '\n') line += c;
        {
            const std::lock_guard lock(mutex_);
            requests_.push_back(line);
        }
        const auto text = answer_(line);
        if (text)
            for (std::size_t at = 0; at < text->size();) {
                const auto n = ::send(client, text->data() + at, text->size() - at, MSG_NOSIGNAL);
                if (n <= 0) return;
                at += static_cast<std::size_t>(n);
            }
        else
            while (::read(client, &c, 1) > 0) {
            }
    }

    TempFolder folder_;
    Answer answer_;
    UniqueFd listener_;
    mutable std::mutex mutex_;
    std::vector<std::string> requests_;  // guarded by mutex_
    std::thread thread_;
};

}  // namespace tutti::cli::test
