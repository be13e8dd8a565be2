// SPDX-License-Identifier: Apache-2.0
#include "runtime/thread_times.h"

#include "base/unique_fd.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstring>
#include <string>

namespace tutti::runtime {
namespace {

std::string read_proc(pid_t process, pid_t thread, const char* name) {
    const auto path = fmt::format("/proc/{}/task/{}/{}", process, thread, name);
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    char text[1024];
    const auto size = ::read(fd.get(), text, sizeof text);
    return {text, static_cast<std::size_t>(size > 0 ? size : 0)};
}

}  // namespace

std::optional<ThreadTimes> times_of(pid_t process, pid_t thread) {
    long long running = 0, waiting = 0;
    const auto schedstat = read_proc(process, thread, "schedstat");
    if (std::sscanf(schedstat.c_str(), "%lld %lld", &running, &waiting) != 2 || running == 0)
        return std::nullopt;
    // The name in parentheses may hold anything; the state follows the last of them.
    const auto stat = read_proc(process, thread, "stat");
    const auto name_end = stat.rfind(") ");
    if (name_end == std::string::npos || name_end + 2 >= stat.size()) return std::nullopt;
    return ThreadTimes{stat[name_end + 2], std::chrono::nanoseconds(running),
                       std::chrono::nanoseconds(waiting)};
}

}  // namespace tutti::runtime
