// SPDX-License-Identifier: Apache-2.0
// What every process of the node is doing, in one sealed piece of shared memory.
//
// The supervisor creates it; each child finds it at descriptor 5 and writes its own slot with
// relaxed atomics: no lock, no allocation, no system call. Everybody may read all slots.
//
// 1. A slot belongs to a place ("engine 0") and serves one process at a time. While a place has
//    two processes, one that drains and its successor, it has two slots: what a place did is the
//    sum over its slots. Slot 0 is the supervisor's.
// 2. Counters only grow; gauges are what the present process holds, and the supervisor zeroes
//    them when it dies.
// 3. The beat is written only by the loop that does the work, so a hung loop stops beating.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"
#include "proto/worker_messages.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace tutti::runtime {

// failing: the place's processes keep dying, the next try comes late.
enum class Phase : std::uint8_t { empty, starting, ready, draining, dead, failing };
std::string_view name_of(Phase phase);

// Every number a process reports. The order is internal; names and help are in kMetrics.
enum class Metric : std::uint8_t {
    http_connections,
    http_in_flight,
    http_requests,
    http_errors,
    connections_refused,
    connections_handed_on,
    websockets,
    websockets_accepted,
    live_streams,
    live_audio_samples,
    live_partials,
    live_finals,
    live_replays,
    live_resumes,
    live_resumes_refused,
    live_failures,
    second_passes,
    second_passes_missed,
    second_passes_skipped,
    jobs_running,
    jobs_done,
    jobs_failed,
    job_audio_samples,
    engine_streams,
    decoders,
    decoders_busy,
    utterances_waiting,
    utterances_decoded,
    decoded_samples,
    decode_microseconds,
    protocol_violations,
    restarts,
    hangs,
    recycles,
    reloads,
    reloads_failed,
    count,
};

struct MetricInfo {
    Metric metric;
    std::optional<proto::Role> role;  // whose number it is; nullopt = every process has it
    enum Kind { gauge, counter } kind;
    std::string_view name;  // Prometheus name without the tutti_ prefix
    std::string_view help;
};
std::span<const MetricInfo> metric_table();

struct alignas(64) Slot {
    std::atomic<std::int32_t> pid;
    std::atomic<proto::Role> role;
    std::atomic<Phase> phase;
    std::atomic<std::uint32_t> number;
    std::atomic<std::int64_t> beat_ns;     // steady clock
    std::atomic<std::int64_t> started_ns;  // steady clock
    std::array<std::atomic<std::int64_t>, static_cast<std::size_t>(Metric::count)> values;

    void add(Metric metric, std::int64_t n = 1) {
        values[static_cast<std::size_t>(metric)].fetch_add(n, std::memory_order_relaxed);
    }
    void set(Metric metric, std::int64_t n) {
        values[static_cast<std::size_t>(metric)].store(n, std::memory_order_relaxed);
    }
    std::int64_t get(Metric metric) const {
        return values[static_cast<std::size_t>(metric)].load(std::memory_order_relaxed);
    }
    void beat(std::chrono::steady_clock::time_point now);
    void zero_gauges();
};

class Scoreboard {
  public:
    static constexpr std::size_t kSlots = 1024;

    // New and empty; the descriptor is sealed against resizing.
    static Result<Scoreboard> create();
    // The one inherited from the supervisor.
    static Result<Scoreboard> attach(UniqueFd fd);

    Scoreboard(Scoreboard&& other) noexcept;
    Scoreboard& operator=(Scoreboard&&) = delete;
    ~Scoreboard();

    int fd() const { return fd_.get(); }
    Slot& slot(std::size_t index);
    std::span<const Slot> slots() const;

  private:
    Scoreboard(UniqueFd fd, Slot* slots) : fd_(std::move(fd)), slots_(slots) {}

    UniqueFd fd_;
    Slot* slots_;
};

// Adds to a gauge for as long as it lives.
class GaugeHold {
  public:
    GaugeHold(Slot& slot, Metric metric) : slot_(&slot), metric_(metric) { slot_->add(metric_, 1); }
    GaugeHold(GaugeHold&& other) noexcept
        : slot_(std::exchange(other.slot_, nullptr)), metric_(other.metric_) {}
    GaugeHold& operator=(GaugeHold&&) = delete;
    ~GaugeHold() {
        if (slot_) slot_->add(metric_, -1);
    }

  private:
    Slot* slot_;
    Metric metric_;
};

}  // namespace tutti::runtime
