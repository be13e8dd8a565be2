// SPDX-License-Identifier: Apache-2.0
// Memory and CPU use of the machine, sampled every few seconds so that /health answers from
// memory. nullopt = not known (yet).
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <optional>

namespace tutti::gateway {

namespace asio = boost::asio;

class HostSampler {
  public:
    explicit HostSampler(asio::io_context& loop) : loop_(loop) {}

    asio::awaitable<void> run();

    struct Sample {
        std::optional<double> memory_total_gb;
        std::optional<double> memory_available_gb;
        std::optional<double> cpu_percent;
    };
    const Sample& sample() const { return sample_; }

  private:
    void take();

    asio::io_context& loop_;
    Sample sample_;
    std::uint64_t busy_ticks_ = 0;
    std::uint64_t all_ticks_ = 0;
};

}  // namespace tutti::gateway
