// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/probe.h"

#include "base/log.h"
#include "base/unique_fd.h"
#include "runtime/child_process.h"

#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace tutti::engine::sherpa {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kKeptOutput = 16 * 1024;
constexpr std::size_t kShownOutput = 400;
constexpr int kShownLines = 3;
constexpr int kAttemptThrew = 1;

[[noreturn]] void be_child(int output, pid_t parent, const std::function<void()>& attempt) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_NAME, "model-probe");
    if (::getppid() != parent) std::_Exit(kAttemptThrew);
    // Its death is expected: no stack dump of ours, no core file.
    for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTERM, SIGINT})
        std::signal(number, SIG_DFL);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
    ::dup2(output, STDOUT_FILENO);
    ::dup2(output, STDERR_FILENO);
    try {
        attempt();
    } catch (const std::exception& e) {
        ::dprintf(STDERR_FILENO, "\n%s\n", e.what());
        std::_Exit(kAttemptThrew);
    } catch (...) {
        std::_Exit(kAttemptThrew);
    }
    std::_Exit(0);
}

// All the child prints, until it ends or the time is over; false then.
bool read_output(int fd, Clock::time_point deadline, std::string& output) {
    char buffer[4096];
    for (;;) {
        const auto left =
            std::chrono::ceil<std::chrono::milliseconds>(deadline - Clock::now()).count();
        if (left <= 0) return false;
        pollfd subject{fd, POLLIN, 0};
        const int found = ::poll(&subject, 1, static_cast<int>(std::min<long>(left, 1000)));
        if (found <= 0) continue;
        const auto n = ::read(fd, buffer, sizeof buffer);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return true;
        output.append(buffer, static_cast<std::size_t>(n));
        if (output.size() > 2 * kKeptOutput) output.erase(0, output.size() - kKeptOutput);
    }
}

// Its last lines, which say what went wrong.
std::string last_words(std::string output) {
    std::string shown;
    for (int lines = 0; lines < kShownLines && !output.empty();) {
        const auto end = output.find_last_not_of("\r\n \t");
        if (end == output.npos) break;
        output.resize(end + 1);
        const auto begin = output.find_last_of('\n');
        const auto line = output.substr(begin == output.npos ? 0 : begin + 1);
        shown = shown.empty() ? line : line + "; " + shown;
        output.resize(begin == output.npos ? 0 : begin);
        ++lines;
    }
    return log::printable(shown, kShownOutput);
}

}  // namespace

Result<void> try_in_child(const std::function<void()>& attempt, std::chrono::milliseconds limit) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe2");
    UniqueFd output(ends[0]), theirs(ends[1]);
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid < 0) return errno_error("fork");
    if (pid == 0) be_child(theirs.get(), parent, attempt);
    theirs.reset();

    std::string text;
    const bool has_ended = read_output(output.get(), Clock::now() + limit, text);
    if (!has_ended) ::kill(pid, SIGKILL);
    int raw = 0;
    while (::waitpid(pid, &raw, 0) < 0 && errno == EINTR) {
    }
    const auto status = runtime::ExitStatus::from_wait(raw);
    if (has_ended && status.is_clean()) return {};
    const auto words = last_words(std::move(text));
    if (!has_ended)
        return Error(Errc::unavailable,
                     fmt::format("did not load within {} s{}{}", limit.count() / 1000,
                                 words.empty() ? "" : ": ", words));
    if (status.signal == 0 && status.code == kAttemptThrew && !words.empty())
        return Error(Errc::unavailable, words);
    return Error(Errc::unavailable,
                 fmt::format("ended the process that tried it ({}){}{}", status.describe(),
                             words.empty() ? "" : ": ", words));
}

}  // namespace tutti::engine::sherpa
