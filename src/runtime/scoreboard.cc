// SPDX-License-Identifier: Apache-2.0
#include "runtime/scoreboard.h"

#include "base/check.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace tutti::runtime {
namespace {

constexpr std::size_t kBytes = sizeof(Slot) * Scoreboard::kSlots;

static_assert(std::atomic<std::int64_t>::is_always_lock_free, "shared between processes");

constexpr auto kGauge = MetricInfo::gauge;
constexpr auto kCounter = MetricInfo::counter;

constexpr auto kGateway = proto::Role::gateway;
constexpr auto kScribe = proto::Role::scribe;
constexpr auto kEngine = proto::Role::engine;
constexpr auto kSupervisor = proto::Role::supervisor;
constexpr auto kEvery = std::nullopt;

constexpr MetricInfo kMetrics[] = {
    {Metric::http_connections, kGateway, kGauge, "http_connections", "Open client connections."},
    {Metric::http_in_flight, kGateway, kGauge, "http_requests_in_flight",
     "HTTP requests being answered."},
    {Metric::http_requests, kGateway, kCounter, "http_requests_total", "HTTP requests answered."},
    {Metric::http_errors, kGateway, kCounter, "http_errors_total",
     "HTTP answers with status 400 or above."},
    {Metric::connections_refused, kGateway, kCounter, "connections_refused_total",
     "Connections and requests answered 503 because a limit was reached."},
    {Metric::connections_handed_on, kGateway, kCounter, "connections_handed_on_total",
     "Fresh connections handed to a gateway with fewer."},
    {Metric::websockets, kGateway, kGauge, "websockets", "Open WebSockets."},
    {Metric::websockets_accepted, kGateway, kCounter, "websockets_accepted_total",
     "WebSockets accepted."},
    {Metric::live_streams, kGateway, kGauge, "live_streams", "Live streams open at engines."},
    {Metric::live_audio_samples, kGateway, kCounter, "live_audio_samples_total",
     "Samples of live audio received, at 16 kHz."},
    {Metric::live_partials, kGateway, kCounter, "live_partials_total",
     "Partial results sent to clients."},
    {Metric::live_finals, kGateway, kCounter, "live_finals_total",
     "Final results sent to clients."},
    {Metric::live_replays, kGateway, kCounter, "live_replays_total",
     "Streams moved to another engine with their audio replayed."},
    {Metric::live_resumes, kGateway, kCounter, "live_resumes_total",
     "Live streams that went on over another connection."},
    {Metric::live_resumes_refused, kGateway, kCounter, "live_resumes_refused_total",
     "Resume tokens that were refused."},
    {Metric::live_failures, kGateway, kCounter, "live_failures_total",
     "Live streams ended by an error."},
    {Metric::second_passes, kGateway, kCounter, "second_passes_total",
     "Final results that a second model gave."},
    {Metric::second_passes_missed, kGateway, kCounter, "second_passes_missed_total",
     "Final results of the first model because the second gave none in time."},
    {Metric::second_passes_skipped, kGateway, kCounter, "second_passes_skipped_total",
     "Of the missed, those that the second was not asked about because it kept failing."},
    {Metric::jobs_running, kScribe, kGauge, "jobs_running", "File jobs being worked on."},
    {Metric::jobs_done, kScribe, kCounter, "jobs_done_total", "File jobs finished."},
    {Metric::jobs_failed, kScribe, kCounter, "jobs_failed_total", "File jobs that failed."},
    {Metric::job_audio_samples, kScribe, kCounter, "job_audio_samples_total",
     "Samples of file audio read, at 16 kHz."},
    {Metric::engine_streams, kEngine, kGauge, "engine_streams", "Streams open at this engine."},
    {Metric::decoders, kEngine, kGauge, "decoders", "Decoders loaded."},
    {Metric::decoders_busy, kEngine, kGauge, "decoders_busy", "Decoders with an utterance."},
    {Metric::utterances_waiting, kEngine, kGauge, "utterances_waiting",
     "Utterances without a decoder."},
    {Metric::utterances_decoded, kEngine, kCounter, "utterances_decoded_total",
     "Utterances finished."},
    {Metric::decoded_samples, kEngine, kCounter, "decoded_samples_total",
     "Samples decoded, at 16 kHz."},
    {Metric::decode_microseconds, kEngine, kCounter, "decode_microseconds_total",
     "Time decode threads spent decoding."},
    {Metric::protocol_violations, kEvery, kCounter, "protocol_violations_total",
     "Internal connections ended because a peer broke the protocol."},
    {Metric::restarts, kEvery, kCounter, "process_restarts_total",
     "Children started again after a death."},
    {Metric::hangs, kEvery, kCounter, "process_hangs_total",
     "Children killed because they did not start or beat in time."},
    {Metric::recycles, kEvery, kCounter, "process_recycles_total",
     "Children replaced because of their requests, age or memory."},
    {Metric::reloads, kSupervisor, kCounter, "reloads_total", "Reloads that took effect."},
    {Metric::reloads_failed, kSupervisor, kCounter, "reloads_failed_total",
     "Reloads that changed nothing because of an error."},
};
static_assert(std::size(kMetrics) == static_cast<std::size_t>(Metric::count));

Result<Slot*> map(int fd) {
    void* at = ::mmap(nullptr, kBytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (at == MAP_FAILED) return errno_error("mmap scoreboard");
    return static_cast<Slot*>(at);
}

}  // namespace

std::string_view name_of(Phase phase) {
    switch (phase) {
        case Phase::empty:
            return "empty";
        case Phase::starting:
            return "starting";
        case Phase::ready:
            return "ready";
        case Phase::draining:
            return "draining";
        case Phase::dead:
            return "dead";
        case Phase::failing:
            return "failing";
    }
    return "unknown";
}

std::span<const MetricInfo> metric_table() {
    return kMetrics;
}

void Slot::beat(std::chrono::steady_clock::time_point now) {
    beat_ns.store(now.time_since_epoch().count(), std::memory_order_relaxed);
}

void Slot::zero_gauges() {
    for (const auto& info : kMetrics)
        if (info.kind == MetricInfo::gauge) set(info.metric, 0);
}

Result<Scoreboard> Scoreboard::create() {
    UniqueFd fd(::memfd_create("tutti-scoreboard", MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (!fd) return errno_error("memfd_create");
    if (::ftruncate(fd.get(), kBytes) != 0) return errno_error("ftruncate scoreboard");
    if (::fcntl(fd.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
        return errno_error("seal scoreboard");
    auto slots = map(fd.get());
    if (!slots) return slots.error();
    return Scoreboard(std::move(fd), *slots);
}

Result<Scoreboard> Scoreboard::attach(UniqueFd fd) {
    struct stat info {};
    if (::fstat(fd.get(), &info) != 0) return errno_error("fstat scoreboard");
    if (info.st_size != static_cast<off_t>(kBytes))
        return Error(Errc::protocol_violation, "scoreboard of another version");
    auto slots = map(fd.get());
    if (!slots) return slots.error();
    return Scoreboard(std::move(fd), *slots);
}

Scoreboard::Scoreboard(Scoreboard&& other) noexcept
    : fd_(std::move(other.fd_)), slots_(std::exchange(other.slots_, nullptr)) {
}

Scoreboard::~Scoreboard() {
    if (slots_) ::munmap(slots_, kBytes);
}

Slot& Scoreboard::slot(std::size_t index) {
    check(index < kSlots, "scoreboard index");
    return slots_[index];
}

std::span<const Slot> Scoreboard::slots() const {
    return {slots_, kSlots};
}

}  // namespace tutti::runtime
