// SPDX-License-Identifier: Apache-2.0
#include "gateway/host_sampler.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <fstream>
#include <string>

namespace tutti::gateway {
namespace {

constexpr auto kInterval = std::chrono::seconds(5);

// The value of a /proc/meminfo line, which is in KiB.
std::optional<double> meminfo_gb(const std::string& wanted) {
    std::ifstream in("/proc/meminfo");
    std::string name, unit;
    double kib = 0;
    while (in >> name >> kib && std::getline(in, unit))
        if (name == wanted) return kib / (1024 * 1024);
    return std::nullopt;
}

}  // namespace

asio::awaitable<void> HostSampler::run() {
    asio::steady_timer timer(loop_);
    for (;;) {
        take();
        timer.expires_after(kInterval);
        const auto [error] = co_await timer.async_wait(asio::as_tuple(asio::use_awaitable));
        if (error) co_return;
    }
}

// /proc is made by the kernel from memory: reading it does not wait for a disk.
void HostSampler::take() {
    sample_.memory_total_gb = meminfo_gb("MemTotal:");
    sample_.memory_available_gb = meminfo_gb("MemAvailable:");
    std::ifstream in("/proc/stat");
    std::string name;
    std::uint64_t ticks = 0, all = 0, idle = 0;
    in >> name;
    for (int column = 0; column < 8 && in >> ticks; ++column) {
        all += ticks;
        if (column == 3 || column == 4) idle += ticks;  // idle and iowait
    }
    const std::uint64_t busy = all - idle;
    if (all_ticks_ != 0 && all > all_ticks_)
        sample_.cpu_percent =
            100.0 * static_cast<double>(busy - busy_ticks_) / static_cast<double>(all - all_ticks_);
    busy_ticks_ = busy;
    all_ticks_ = all;
}

}  // namespace tutti::gateway
