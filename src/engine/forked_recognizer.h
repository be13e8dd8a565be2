// SPDX-License-Identifier: Apache-2.0
// A recognizer whose work is done by a forked process, one utterance at a time.
//
//   ForkedRecognizer recognizer(nursery, StreamMode::live, limits);   // forks its worker
//
// 1. A worker that dies costs only time: the utterance's audio, which is kept up to kMaxUtterance,
//    goes to a new worker in the same pieces, and gives what it would have given.
// 2. A worker that is at one call for longer than limits.step hangs: it is told to abort, which
// puts
//    its stack in the log, killed when it does not, and replaced like a dead one. Waiting for a CPU
//    does not count (base/step_clock.h).
// 3. An utterance that two workers died of fails, alone: the next one gets a fresh worker.
//
// Beyond the rules of recognizer.h: at most one stream at a time, and carries are empty or a
// std::string.
#pragma once

#include "engine/nursery.h"

#include <atomic>

namespace tutti::engine {

struct WorkerLimits {
    std::chrono::milliseconds step = std::chrono::seconds(30);
    std::chrono::milliseconds abort = std::chrono::seconds(2);  // from SIGABRT to SIGKILL
};

class ForkedRecognizer : public Recognizer {
  public:
    ForkedRecognizer(Nursery& nursery, proto::StreamMode mode, WorkerLimits limits = {});
    ~ForkedRecognizer() override;

    std::unique_ptr<RecognizerStream> create_stream(StreamOptions options) override;
    void decode(std::span<RecognizerStream* const> ready) override;
    std::optional<std::chrono::steady_clock::time_point> last_progress() const override;

    // Of the present worker; -1 when it died and no utterance asked for another yet.
    pid_t worker_pid() const;

  private:
    class Stream;
    struct Worker;

    void require_worker();
    void watch(Worker& worker);
    void put_down(Worker& worker);
    void note_progress();

    Nursery& nursery_;
    const proto::StreamMode mode_;
    const WorkerLimits limits_;
    std::unique_ptr<Worker> worker_;
    std::atomic<std::int64_t> progress_ns_{0};  // steady clock; read by any thread
};

}  // namespace tutti::engine
