// SPDX-License-Identifier: Apache-2.0
// Where decode workers are born: a process with one thread that holds a loaded model and forks
// itself on demand, so that all workers share the model's pages.
//
//   Nursery nursery(load_model);         // first thing in main, before any thread
//   nursery.wait_until_loaded();         // throws what load_model threw
//   auto worker = nursery.fork_worker(StreamMode::live);     // any thread, several at once
//   serve_decodes() runs in the worker; the caller talks to it over worker.connection
//
// 1. The nursery and its workers hold no descriptors of this process but 0 to 2, the log and their
//    own connections, so an end of file reaches whom it should.
// 2. They end when this process does, however it ends: the kernel kills the nursery with its parent
//    and the workers with the nursery; a worker whose connection closes ends by itself.
// 3. They ignore the signals that are meant for others (HUP, INT, QUIT, TERM, USR1, USR2, WINCH).
// 4. The nursery reaps workers and logs each that did not end in order, with how it ended.
// 5. A nursery that dies takes the model along. run_engine() watches ended_fd() and ends the
// engine;
//    fork_worker() does the same at once (exit_code::internal), so that no utterance fails for it:
//    whoever sent it sends it again to the successor.
#pragma once

#include "base/unique_fd.h"
#include "engine/recognizer.h"

#include <sys/types.h>

#include <mutex>

namespace tutti::engine {

// Loads the model and gives what makes recognizers over it. The factory is called in forked
// processes, at most once in each; carries of its streams are empty or std::string.
using ModelLoader = std::function<RecognizerFactory()>;

struct ForkedWorker {
    pid_t pid = -1;
    UniqueFd connection;
    UniqueFd pidfd;
};

class Nursery {
  public:
    // Forks. REQUIRES: the process has one thread.
    explicit Nursery(const ModelLoader& load_model);
    // Kills the nursery, and thereby its workers.
    ~Nursery();
    Nursery(const Nursery&) = delete;
    Nursery& operator=(const Nursery&) = delete;

    void wait_until_loaded();
    // The worker runs at the CPU priority of the calling thread. Throws when none can be forked.
    ForkedWorker fork_worker(proto::StreamMode mode);

    pid_t pid() const { return pid_; }
    // A pidfd: readable when the nursery has ended.
    int ended_fd() const { return pidfd_.get(); }

  private:
    pid_t pid_ = -1;
    UniqueFd pidfd_;
    std::mutex mutex_;
    UniqueFd control_;  // guarded by mutex_
};

}  // namespace tutti::engine
