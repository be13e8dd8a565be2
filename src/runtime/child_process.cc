// SPDX-License-Identifier: Apache-2.0
#include "runtime/child_process.h"

#include "base/check.h"
#include "runtime/readable.h"

#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <spawn.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>
#include <cstring>

namespace tutti::runtime {
namespace {

// Targets must not collide with descriptors that are still to be copied, so each source is first
// copied above them all.
constexpr int kAboveTargets = 32;

struct SpawnPlan {
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    std::vector<UniqueFd> copies;

    SpawnPlan() {
        posix_spawn_file_actions_init(&actions);
        posix_spawnattr_init(&attributes);
        sigset_t none, all;
        sigemptyset(&none);
        sigfillset(&all);
        posix_spawnattr_setsigmask(&attributes, &none);
        posix_spawnattr_setsigdefault(&attributes, &all);
        posix_spawnattr_setpgroup(&attributes, 0);
        posix_spawnattr_setflags(
            &attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
    }
    SpawnPlan(const SpawnPlan&) = delete;
    SpawnPlan& operator=(const SpawnPlan&) = delete;
    ~SpawnPlan() {
        posix_spawn_file_actions_destroy(&actions);
        posix_spawnattr_destroy(&attributes);
    }
    // Libraries open descriptors without close-on-exec (Asio its sockets); a child that inherited
    // the other end of its own channel would never see our death.
    void close_all_but(const std::vector<SpawnSpec::Fd>& kept) {
        int above = STDERR_FILENO;
        for (auto fd : kept) above = std::max(above, fd.target);
        for (int number = STDERR_FILENO + 1; number < above; ++number)
            if (std::ranges::count(kept, number, &SpawnSpec::Fd::target) == 0)
                posix_spawn_file_actions_addclose(&actions, number);
        posix_spawn_file_actions_addclosefrom_np(&actions, above + 1);
    }
    Result<void> add(SpawnSpec::Fd fd) {
        UniqueFd copy(::fcntl(fd.source, F_DUPFD_CLOEXEC, kAboveTargets));
        if (!copy) return errno_error("fcntl(F_DUPFD_CLOEXEC)");
        posix_spawn_file_actions_adddup2(&actions, copy.get(), fd.target);
        copies.push_back(std::move(copy));
        return {};
    }
};

std::chrono::milliseconds milliseconds_of(const timeval& time) {
    return std::chrono::seconds(time.tv_sec) + std::chrono::milliseconds(time.tv_usec / 1000);
}

// As execve takes them; valid while `texts` is.
std::vector<char*> pointers_to(const std::vector<std::string>& texts) {
    std::vector<char*> out;
    for (const auto& text : texts) out.push_back(const_cast<char*>(text.c_str()));
    out.push_back(nullptr);
    return out;
}

}  // namespace

ExitStatus ExitStatus::from_wait(int raw) {
    ExitStatus status;
    if (WIFSIGNALED(raw)) {
        status.signal = WTERMSIG(raw);
        status.has_core = WCOREDUMP(raw);
    } else {
        status.code = WEXITSTATUS(raw);
    }
    return status;
}

std::string ExitStatus::describe() const {
    if (signal == 0) return fmt::format("exit code {}", code);
    return fmt::format("signal {} ({}){}", signal, strsignal(signal), has_core ? ", core" : "");
}

std::string ExitStatus::usage() const {
    return fmt::format("{:.1f} s CPU, {} MiB", static_cast<double>(cpu_time.count()) / 1000,
                       max_rss_bytes >> 20);
}

Result<ChildProcess> ChildProcess::start(asio::io_context& loop, const SpawnSpec& spec) {
    SpawnPlan plan;
    for (auto fd : spec.fds)
        if (auto added = plan.add(fd); !added) return added.error();
    plan.close_all_but(spec.fds);
    auto argv = pointers_to(spec.argv);
    std::vector<char*> environment;
    if (spec.environment) environment = pointers_to(*spec.environment);
    pid_t pid = 0;
    const int failure = ::posix_spawn(&pid, spec.path.c_str(), &plan.actions, &plan.attributes,
                                      argv.data(), spec.environment ? environment.data() : environ);
    if (failure != 0)
        return Error(std::error_code(failure, std::system_category()), "start " + spec.path);
    UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
    check(static_cast<bool>(pidfd), "pidfd_open of our own child");
    return ChildProcess(loop, pid, std::move(pidfd));
}

ChildProcess::ChildProcess(asio::io_context& loop, pid_t pid, UniqueFd pidfd)
    : pid_(pid), pidfd_(loop, pidfd.release()) {
}

ChildProcess::~ChildProcess() {
    if (!pidfd_.is_open() || status_ || is_let_go_) return;  // moved from, or reaped
    signal(SIGKILL);
    reap();
}

void ChildProcess::signal(int number) {
    if (!status_) ::syscall(SYS_pidfd_send_signal, pidfd_.native_handle(), number, nullptr, 0);
}

void ChildProcess::reap() {
    int raw = 0;
    rusage usage{};
    while (::wait4(pid_, &raw, 0, &usage) < 0 && errno == EINTR) {
    }
    auto status = ExitStatus::from_wait(raw);
    status.cpu_time = milliseconds_of(usage.ru_utime) + milliseconds_of(usage.ru_stime);
    status.max_rss_bytes = static_cast<std::uint64_t>(usage.ru_maxrss) * 1024;
    status_ = status;
}

asio::awaitable<ExitStatus> ChildProcess::wait() {
    if (!status_) {
        const auto error = co_await wait_readable(pidfd_);
        if (error) throw boost::system::system_error(error);
        reap();
    }
    co_return *status_;
}

}  // namespace tutti::runtime
