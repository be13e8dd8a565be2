// SPDX-License-Identifier: Apache-2.0
// The threads that decode: the loop thread hands them utterances and collects what they find.
//
//   JobId job = decode_loop.begin({.mode = StreamMode::live, ...});
//   decode_loop.push(job, samples);  decode_loop.finish(job, Ending::complete);
//   on_news (on a decode thread)  ->  post to the loop  ->  take_news()
//
// Every public function is called on the loop thread and none waits for a decode. Each decode
// thread owns one recognizer and serves up to `streams_per_thread` utterances at once; threads are
// started when they are first needed. Those of mode `whole` run at a lower CPU priority, so that
// files never starve microphones.
//
// Bounds:
// 1. An utterance that finds no free place waits, first come first served. At most as many wait as
//    the caller begins; its audio is bounded by what the caller pushes (the credit window).
// 2. There is one News entry per utterance: progress adds up, a newer partial replaces an older
//    one that was not collected, a result is never dropped.
// 3. One decode call takes as many streams as the recognizer wants, and what came of them is told
//    before the next call. A call that throws fails the utterances in it, no others.
// 4. A cancelled utterance yields no news, not even of a decode that is running, and is decoded no
//    further.
#pragma once

#include "engine/recognizer.h"

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>
#include <unordered_map>

namespace tutti::engine {

using JobId = std::uint64_t;

struct JobOptions {
    proto::StreamMode mode = proto::StreamMode::live;
    bool wants_partials = false;
    StreamOptions stream;
};

struct News {
    JobId job = 0;
    SamplePos decoded = 0;  // samples of the utterance taken in so far
    std::optional<Hypothesis> partial;
    // With either of these the job is over and forgotten.
    std::optional<Outcome> outcome;
    std::optional<Error> error;
    bool holds_everywhere = false;  // the error: another engine would fail the same way
};

struct DecodeStats {
    int threads = 0;  // recognizers that exist or are being loaded
    int busy = 0;     // of them, those with an utterance
    std::size_t waiting = 0;
    std::int64_t decode_microseconds = 0;  // spent in recognizers, all threads together
};

class DecodeLoop {
  public:
    struct Options {
        RecognizerFactory load_recognizer;
        int live_threads = 1;
        int whole_threads = 1;
        int streams_per_thread = 1;
        std::function<void()> on_news;  // there is news where there was none; on any thread
    };

    // Loads the first live recognizer; throws what loading it throws.
    explicit DecodeLoop(Options options);
    // Waits for running decodes; results are dropped.
    ~DecodeLoop();
    DecodeLoop(const DecodeLoop&) = delete;
    DecodeLoop& operator=(const DecodeLoop&) = delete;

    JobId begin(JobOptions options);
    // REQUIRES of the three below: begun, and neither cancelled nor over as far as the caller was
    // told. One that has failed and whose news is not yet collected is ignored.
    void push(JobId job, std::span<const std::int16_t> samples);
    void finish(JobId job, Ending ending);
    void cancel(JobId job);

    std::vector<News> take_news();
    DecodeStats stats() const;
    // When the oldest decode that is under way began; now when there is none. Time in which its
    // thread got no CPU is not counted (base/step_clock.h), nor is a wait that the recognizer
    // watches itself (Recognizer::last_progress). To be asked every second or so.
    std::chrono::steady_clock::time_point oldest_decode();

  private:
    struct Job;
    struct Worker;
    struct Lane;
    struct Slice;
    // Two owners: the table until the job is over or cancelled, the worker while it decodes.
    using JobPtr = std::shared_ptr<Job>;

    // All of these are called with mutex_ held.
    void place(const JobPtr& job);
    void assign(Worker& worker, const JobPtr& job);
    Worker& start_worker(Lane& lane, std::unique_ptr<Recognizer> recognizer);
    void enqueue(const JobPtr& job);
    void release(Worker& worker, const JobPtr& job);
    void refill(Worker& worker);
    std::deque<Slice> take_slices(Worker& worker);
    bool publish(Worker& worker, std::vector<Slice>& slices);
    bool announce(const JobPtr& job);
    static std::chrono::nanoseconds time_worked(Worker& worker,
                                                std::chrono::steady_clock::time_point now);
    void give_up(Worker& worker, const std::string& why);
    Lane& lane_of(proto::StreamMode mode);

    // The body of a decode thread.
    void run(Worker& worker, std::unique_ptr<Recognizer> recognizer);
    std::unique_ptr<Recognizer> load(Worker& worker);
    static std::vector<Slice> step(Recognizer& recognizer, std::deque<Slice>& slices);
    static void hear(Recognizer& recognizer, Slice& slice);
    static void decode(Recognizer& recognizer, std::vector<Slice>& batch);
    static bool is_ready(Slice& slice);
    static void settle(Slice& slice);

    const Options options_;
    mutable std::mutex mutex_;
    // State below is guarded by mutex_.
    JobId last_job_ = 0;
    std::unordered_map<JobId, JobPtr> jobs_;
    std::vector<JobPtr> with_news_;
    std::unique_ptr<Lane> live_;
    std::unique_ptr<Lane> whole_;
    std::int64_t decode_microseconds_ = 0;
    bool is_stopping_ = false;
};

}  // namespace tutti::engine
