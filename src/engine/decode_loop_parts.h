// SPDX-License-Identifier: Apache-2.0
// What decode_loop.cc and decode_step.cc are made of; for no other file.
#pragma once

#include "base/step_clock.h"
#include "engine/decode_loop.h"

namespace tutti::engine {

struct DecodeLoop::Job {
    JobOptions options;

    // Guarded by the loop's mutex.
    std::vector<std::int16_t> inbox;
    std::optional<Ending> ending;
    Worker* worker = nullptr;  // null while it waits for a place
    std::size_t place = 0;     // its index in worker->held
    bool is_queued = false;    // in worker->ready
    bool is_cancelled = false;
    bool is_over = false;  // its outcome is in the news
    bool has_news = false;
    News news;

    // Used by the worker's thread alone.
    std::unique_ptr<RecognizerStream> stream;
    SamplePos decoded = 0;
    SamplePos last_partial = 0;
};

struct DecodeLoop::Worker {
    // All but the thread guarded by the loop's mutex.
    Lane* lane = nullptr;
    std::condition_variable wake;
    std::deque<JobPtr> ready;          // have something to do, in order of arrival
    std::vector<JobPtr> held;          // have a place here
    bool is_lost = false;              // its recognizer could not be loaded; the thread has ended
    pid_t thread_id = 0;               // once the thread runs
    Recognizer* recognizer = nullptr;  // the thread's own, while it lives
    std::optional<StepClock> clock;    // of the decode under way
    std::thread thread;

    ~Worker() {
        if (thread.joinable()) thread.join();
    }
};

struct DecodeLoop::Lane {
    proto::StreamMode mode;
    std::size_t thread_limit;
    std::vector<std::unique_ptr<Worker>> workers;
    std::deque<JobPtr> waiting;
};

// One utterance's share of a round.
struct DecodeLoop::Slice {
    JobPtr job;
    std::vector<std::int16_t> audio;
    std::optional<Ending> ending;
    bool is_cancelled = false;
    bool is_heard = false;  // the stream has the audio

    std::optional<Hypothesis> partial;
    std::optional<Outcome> outcome;
    std::optional<Error> error;
    bool holds_everywhere = false;  // the error

    // For what is being thrown.
    void fail();
};

}  // namespace tutti::engine
