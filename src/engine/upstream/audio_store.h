// SPDX-License-Identifier: Apache-2.0
// The bucket through which an upstream server gets audio: objects are laid there, and taken away
// when they have been fetched.
//
//   auto upload = store.begin(wav, is_urgent, deadline);   // waits once, while it makes the bucket
//   Result<std::string> link = store.finish(upload);       // waits
//   store.remove(upload);                                  // does not wait
//
// Any thread. Transient failures of the store are tried again within the deadline. Errors are for
// clients; the log names objects, never keys, links or what the store says but its error codes.
// The destructor waits a moment for objects that are being removed.
//
// A removal may overtake an upload that was given up while the store was still at work on it. Such
// an object is removed again `doubt` later, at the next use of the store or by the destructor.
#pragma once

#include "engine/upstream/http_pool.h"

#include "blob/bucket.h"

#include <deque>

namespace tutti::engine {

// Reads the key from where the options say.
Result<blob::Signer> load_signer(const blob::BucketOptions& options);

class AudioStore {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;

    static constexpr std::chrono::seconds kDoubt{60};

    // `pool` for the limits; its name is that of the model.
    AudioStore(blob::Bucket bucket, PoolOptions pool, std::chrono::seconds doubt = kDoubt);
    ~AudioStore();
    AudioStore(const AudioStore&) = delete;
    AudioStore& operator=(const AudioStore&) = delete;

    struct Upload {
        enum class State { unknown, there, refused };
        std::string name;
        std::future<Result<HttpReply>> reply;
        State state = State::unknown;
    };
    Upload begin(std::string wav, bool is_urgent, TimePoint deadline);
    // The link to it.
    Result<std::string> finish(Upload& upload);
    // Also what was not seen to arrive, as it may have.
    void remove(const Upload& upload);

    TimePoint last_turn() const { return pool_.last_turn(); }

  private:
    HttpRequest to_http(blob::Request request) const;
    void ensure_bucket(TimePoint deadline);
    void send_removal(const std::string& name, bool is_there);
    void remove_doubtful(TimePoint now);
    void wait_for_removals(TimePoint latest);

    // An object whose upload may come to its end behind its removal.
    struct Doubtful {
        std::string name;
        TimePoint due;
    };

    const blob::Bucket bucket_;
    const std::string model_;
    const std::chrono::seconds doubt_;
    std::atomic<bool> has_bucket_;
    std::mutex mutex_;
    // Guarded by mutex_.
    std::deque<std::future<Result<HttpReply>>> removals_;
    std::deque<Doubtful> doubtful_;  // the first due first; at most kMostDoubtful
    HttpPool pool_;
};

}  // namespace tutti::engine
