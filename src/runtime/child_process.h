// SPDX-License-Identifier: Apache-2.0
// Starting a program and waiting for its end on the loop.
//
//   auto child = ChildProcess::start(loop, {path, {"tutti", "gateway"}, {{channel, 3}}});
//   ExitStatus status = co_await child->wait();
//
// Started with posix_spawn: default signal actions, empty signal mask, its own process group (a
// ^C at the terminal reaches the supervisor alone, which then ends its children in order), and no
// descriptor but 0, 1, 2 and those named. Waiting uses a pidfd, so no SIGCHLD handler is involved.
// The destructor of a child that still runs kills it with SIGKILL and reaps it, unless let go.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace tutti::runtime {

namespace asio = boost::asio;

struct SpawnSpec {
    std::string path;
    std::vector<std::string> argv;  // argv[0] included
    struct Fd {
        int source;  // ours; stays open here
        int target;  // number in the child
    };
    std::vector<Fd> fds;
    // All of the child's environment, as NAME=value; absent = ours.
    std::optional<std::vector<std::string>> environment = {};
};

struct ExitStatus {
    int code = 0;    // meaningful when signal == 0
    int signal = 0;  // the signal that ended it, or 0
    bool has_core = false;
    std::chrono::milliseconds cpu_time{};
    std::uint64_t max_rss_bytes = 0;

    static ExitStatus from_wait(int raw);  // what waitpid() gave
    bool is_clean() const { return signal == 0 && code == 0; }
    // "exit code 70" or "signal 9 (Killed)".
    std::string describe() const;
    // What it had used: "1.2 s CPU, 85 MiB".
    std::string usage() const;
};

class ChildProcess {
  public:
    static Result<ChildProcess> start(asio::io_context& loop, const SpawnSpec& spec);

    ChildProcess(ChildProcess&&) = default;
    ChildProcess& operator=(ChildProcess&&) = delete;
    ~ChildProcess();

    pid_t pid() const { return pid_; }
    bool has_exited() const { return status_.has_value(); }
    void signal(int number);
    // It goes on when this object ends: it is on its own from now on.
    void let_go() { is_let_go_ = true; }

    // Waits for the end and reaps; a cancelled wait throws. May be awaited again afterwards.
    asio::awaitable<ExitStatus> wait();

  private:
    ChildProcess(asio::io_context& loop, pid_t pid, UniqueFd pidfd);
    void reap();

    pid_t pid_;
    asio::posix::stream_descriptor pidfd_;
    std::optional<ExitStatus> status_;
    bool is_let_go_ = false;
};

}  // namespace tutti::runtime
