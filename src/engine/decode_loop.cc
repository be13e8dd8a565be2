// SPDX-License-Identifier: Apache-2.0
#include "engine/decode_loop.h"

#include "base/log.h"
#include "engine/decode_loop_parts.h"
#include "runtime/thread_times.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace tutti::engine {
namespace {

using proto::StreamMode;

// Audio one utterance may take in before others of its thread and a cancellation get their turn.
constexpr std::size_t kSliceSamples = proto::kSampleRate;
constexpr std::size_t kSlicesPerRound = 64;
constexpr int kWholeNiceness = 10;

}  // namespace

DecodeLoop::DecodeLoop(Options options) : options_(std::move(options)) {
    auto first = options_.load_recognizer(StreamMode::live);
    live_ = std::make_unique<Lane>();
    live_->mode = StreamMode::live;
    live_->thread_limit = static_cast<std::size_t>(options_.live_threads);
    whole_ = std::make_unique<Lane>();
    whole_->mode = StreamMode::whole;
    whole_->thread_limit = static_cast<std::size_t>(options_.whole_threads);
    std::lock_guard lock(mutex_);
    start_worker(*live_, std::move(first));
}

DecodeLoop::~DecodeLoop() {
    {
        std::lock_guard lock(mutex_);
        is_stopping_ = true;
        for (auto* lane : {live_.get(), whole_.get()})
            for (auto& worker : lane->workers) worker->wake.notify_all();
    }
    // All ends before any worker goes: one that fails to load still looks at the others.
    for (auto* lane : {live_.get(), whole_.get()})
        for (auto& worker : lane->workers) worker->thread.join();
}

DecodeLoop::Lane& DecodeLoop::lane_of(StreamMode mode) {
    return mode == StreamMode::live ? *live_ : *whole_;
}

JobId DecodeLoop::begin(JobOptions options) {
    std::lock_guard lock(mutex_);
    auto job = std::make_shared<Job>();
    job->options = std::move(options);
    job->news.job = ++last_job_;
    jobs_.emplace(last_job_, job);
    place(job);
    return last_job_;
}

void DecodeLoop::push(JobId id, std::span<const std::int16_t> samples) {
    std::lock_guard lock(mutex_);
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    auto& inbox = found->second->inbox;
    inbox.insert(inbox.end(), samples.begin(), samples.end());
    enqueue(found->second);
}

void DecodeLoop::finish(JobId id, Ending ending) {
    std::lock_guard lock(mutex_);
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    found->second->ending = ending;
    enqueue(found->second);
}

void DecodeLoop::cancel(JobId id) {
    std::lock_guard lock(mutex_);
    const auto found = jobs_.find(id);
    if (found == jobs_.end()) return;
    const auto job = found->second;
    jobs_.erase(found);
    job->is_cancelled = true;
    if (job->worker)
        enqueue(job);  // the thread that owns its stream destroys it
    else
        std::erase(lane_of(job->options.mode).waiting, job);
}

std::vector<News> DecodeLoop::take_news() {
    std::lock_guard lock(mutex_);
    std::vector<News> taken;
    taken.reserve(with_news_.size());
    for (auto& job : with_news_) {
        job->has_news = false;
        if (job->is_cancelled) continue;
        taken.push_back(std::move(job->news));
        job->news = {.job = taken.back().job, .decoded = taken.back().decoded};
    }
    with_news_.clear();
    return taken;
}

DecodeStats DecodeLoop::stats() const {
    std::lock_guard lock(mutex_);
    DecodeStats stats{.decode_microseconds = decode_microseconds_};
    for (const auto* lane : {live_.get(), whole_.get()}) {
        stats.waiting += lane->waiting.size();
        for (const auto& worker : lane->workers) {
            stats.threads += !worker->is_lost;
            stats.busy += !worker->held.empty();
        }
    }
    return stats;
}

std::chrono::steady_clock::time_point DecodeLoop::oldest_decode() {
    std::lock_guard lock(mutex_);
    const auto now = std::chrono::steady_clock::now();
    std::chrono::nanoseconds longest{};
    for (const auto* lane : {live_.get(), whole_.get()})
        for (auto& worker : lane->workers)
            if (worker->clock) longest = std::max(longest, time_worked(*worker, now));
    return now - longest;
}

// --- with mutex_ held ----------------------------------------------------------------------------

// REQUIRES: a decode is under way.
std::chrono::nanoseconds DecodeLoop::time_worked(Worker& worker, StepClock::TimePoint now) {
    const auto progress = worker.recognizer->last_progress();
    if (progress && *progress > worker.clock->begun()) worker.clock.emplace(*progress);
    worker.clock->look(now, runtime::times_of(::getpid(), worker.thread_id));
    return worker.clock->worked();
}

// The least busy thread, a new one while that is busy and more are allowed, or the queue.
void DecodeLoop::place(const JobPtr& job) {
    auto& lane = lane_of(job->options.mode);
    std::erase_if(lane.workers, [](const auto& worker) { return worker->is_lost; });
    const auto least = std::ranges::min_element(
        lane.workers, {}, [](const auto& worker) { return worker->held.size(); });
    const bool all_busy = least == lane.workers.end() || !(*least)->held.empty();
    if (all_busy && lane.workers.size() < lane.thread_limit)
        assign(start_worker(lane, nullptr), job);
    else if ((*least)->held.size() < static_cast<std::size_t>(options_.streams_per_thread))
        assign(**least, job);
    else
        lane.waiting.push_back(job);
}

void DecodeLoop::assign(Worker& worker, const JobPtr& job) {
    job->worker = &worker;
    job->place = worker.held.size();
    worker.held.push_back(job);
    if (!job->inbox.empty() || job->ending) enqueue(job);
}

DecodeLoop::Worker& DecodeLoop::start_worker(Lane& lane, std::unique_ptr<Recognizer> recognizer) {
    auto& worker = *lane.workers.emplace_back(std::make_unique<Worker>());
    worker.lane = &lane;
    worker.thread = std::thread([this, &worker, loaded = std::move(recognizer)]() mutable {
        run(worker, std::move(loaded));
    });
    return worker;
}

void DecodeLoop::enqueue(const JobPtr& job) {
    if (!job->worker || job->is_queued || job->is_over) return;
    job->is_queued = true;
    job->worker->ready.push_back(job);
    job->worker->wake.notify_one();
}

void DecodeLoop::release(Worker& worker, const JobPtr& job) {
    if (job->is_queued) std::erase(worker.ready, job);
    job->is_queued = false;
    job->worker = nullptr;
    worker.held.back()->place = job->place;
    worker.held[job->place] = worker.held.back();
    worker.held.pop_back();
}

void DecodeLoop::refill(Worker& worker) {
    auto& waiting = worker.lane->waiting;
    while (!waiting.empty() &&
           worker.held.size() < static_cast<std::size_t>(options_.streams_per_thread)) {
        const auto job = waiting.front();
        waiting.pop_front();
        assign(worker, job);
    }
}

std::deque<DecodeLoop::Slice> DecodeLoop::take_slices(Worker& worker) {
    std::deque<Slice> slices;
    for (auto n = std::min(worker.ready.size(), kSlicesPerRound); n > 0; --n) {
        const auto job = worker.ready.front();
        worker.ready.pop_front();
        job->is_queued = false;
        auto& slice = slices.emplace_back(Slice{.job = job});
        slice.is_cancelled = job->is_cancelled;
        if (job->is_cancelled) continue;
        if (job->options.mode == StreamMode::whole || job->inbox.size() <= kSliceSamples) {
            slice.audio.swap(job->inbox);
            slice.ending = job->ending;
        } else {
            const auto cut = job->inbox.begin() + kSliceSamples;
            slice.audio.assign(job->inbox.begin(), cut);
            job->inbox.erase(job->inbox.begin(), cut);
            enqueue(job);
        }
    }
    return slices;
}

// Returns whether the loop must be told.
bool DecodeLoop::publish(Worker& worker, std::vector<Slice>& slices) {
    bool is_first = false;
    for (auto& slice : slices) {
        const auto& job = slice.job;
        if (slice.is_cancelled) {
            release(worker, job);
            continue;
        }
        if (slice.partial) job->news.partial = std::move(slice.partial);
        job->news.decoded = job->decoded;
        if (slice.outcome || slice.error) {
            job->news.outcome = std::move(slice.outcome);
            job->news.error = std::move(slice.error);
            job->news.holds_everywhere = slice.holds_everywhere;
            job->is_over = true;
            release(worker, job);
            jobs_.erase(job->news.job);
        }
        is_first |= announce(job);
    }
    refill(worker);
    return is_first;
}

bool DecodeLoop::announce(const JobPtr& job) {
    if (job->has_news || job->is_cancelled) return false;
    job->has_news = true;
    with_news_.push_back(job);
    return with_news_.size() == 1;
}

// Its utterances go back to the head of the queue when other threads are left to take them.
void DecodeLoop::give_up(Worker& worker, const std::string& why) {
    auto& lane = *worker.lane;
    const auto others =
        static_cast<std::size_t>(std::ranges::count_if(lane.workers, [&](const auto& other) {
            return other.get() != &worker && !other->is_lost;
        }));
    lane.thread_limit = std::max<std::size_t>(others, 1);
    const auto held = worker.held;
    for (auto job = held.rbegin(); job != held.rend(); ++job) {
        release(worker, *job);
        if ((*job)->is_cancelled) continue;
        if (others > 0) {
            lane.waiting.push_front(*job);
            continue;
        }
        (*job)->news.error = Error(Errc::unavailable, why);
        (*job)->is_over = true;
        jobs_.erase((*job)->news.job);
        announce(*job);
    }
    for (auto& other : lane.workers)
        if (other.get() != &worker && !other->is_lost) refill(*other);
    worker.is_lost = true;
}

// --- decode threads ------------------------------------------------------------------------------

void DecodeLoop::run(Worker& worker, std::unique_ptr<Recognizer> recognizer) {
    if (worker.lane->mode == StreamMode::whole)
        ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), kWholeNiceness);
    if (!recognizer) recognizer = load(worker);
    if (!recognizer) return;
    std::unique_lock lock(mutex_);
    worker.thread_id = ::gettid();
    worker.recognizer = recognizer.get();
    for (;;) {
        worker.wake.wait(lock, [&] { return is_stopping_ || !worker.ready.empty(); });
        if (is_stopping_) break;
        auto slices = take_slices(worker);
        while (!slices.empty() && !is_stopping_) {
            const auto begun = std::chrono::steady_clock::now();
            worker.clock.emplace(begun);
            lock.unlock();
            auto done = step(*recognizer, slices);
            const auto spent = std::chrono::steady_clock::now() - begun;
            lock.lock();
            worker.clock.reset();
            decode_microseconds_ +=
                std::chrono::duration_cast<std::chrono::microseconds>(spent).count();
            for (auto& slice : slices) slice.is_cancelled |= slice.job->is_cancelled;
            if (!publish(worker, done)) continue;
            lock.unlock();
            options_.on_news();
            lock.lock();
        }
    }
    for (const auto& job : worker.held) job->stream.reset();
    worker.recognizer = nullptr;
}

std::unique_ptr<Recognizer> DecodeLoop::load(Worker& worker) {
    try {
        return options_.load_recognizer(worker.lane->mode);
    } catch (const std::exception& e) {
        log::error("a further recognizer could not be loaded: {}", e.what());
        {
            std::lock_guard lock(mutex_);
            give_up(worker, e.what());
        }
        options_.on_news();
        return nullptr;
    }
}

}  // namespace tutti::engine
