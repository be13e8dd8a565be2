// SPDX-License-Identifier: Apache-2.0
// HTTP requests to one upstream server, over connections that are kept and shared: one thread with
// libcurl's multi handle serves all callers of the process.
//
//   HttpPool pool(options);
//   auto answer = pool.begin({.url = ..., .body = ...});   // any thread, never waits
//   Result<HttpReply> reply = answer.get();                // at most total_timeout
//
// 1. Every request is answered within total_timeout and before its deadline, its waiting and its
//    retries included. A reply
//    of any status is an answer; Errc::busy = too many wait, unavailable = not reached, no answer
//    in time or the breaker is open, internal = an answer that cannot be used.
// 2. Requests beyond max_in_flight wait, urgent ones ahead of others; beyond queue_limit they are
//    refused at once.
// 3. retry_policy.h decides what is sent again, and when; policy/breaker.h whether anything is.
// 4. Redirects are not followed and no proxy is used. Nothing of headers and bodies is logged.
// 5. The destructor ends all that is under way with Errc::canceled.
#pragma once

#include "base/error.h"
#include "engine/upstream/retry_policy.h"
#include "policy/breaker.h"

#include <future>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace tutti::engine {

struct HttpReply {
    int status = 0;
    std::string body;
};

struct HttpRequest {
    std::string url;
    std::vector<std::string> headers;  // "Name: value"
    std::string body;
    bool is_urgent = false;  // somebody is speaking
    std::string method = "POST";
    bool is_repeatable = false;  // doing it twice is doing it once
    // When it is given up at the latest, before total_timeout has passed.
    std::optional<std::chrono::steady_clock::time_point> deadline = {};
    // Told the answer before the future is, on the pool's thread (the caller's when it is refused
    // at once); may not wait.
    std::function<void(const Result<HttpReply>&)> on_end = {};
};

struct PoolOptions {
    std::string name;                            // of the upstream, in the log
    std::string server = "the upstream server";  // in errors
    long max_connections = 64;
    long max_connections_per_host = 64;
    std::size_t max_in_flight = 64;
    std::size_t queue_limit = 1000;
    std::chrono::seconds idle_limit{300};  // an idle connection is kept so long
    std::chrono::seconds name_cache{60};   // an address is believed so long
    std::chrono::milliseconds connect_timeout{10000};
    std::chrono::milliseconds read_timeout{20000};  // without a byte either way
    std::chrono::milliseconds total_timeout{30000};
    std::size_t answer_limit = 4 << 20;
    std::string ca_file;                               // empty = the system's
    std::chrono::milliseconds report_interval{60000};  // of the line in the log
    RetryOptions retry;
    policy::BreakerOptions breaker;
};

struct PoolStats {
    std::uint64_t answered = 0;  // with a reply of any status
    std::uint64_t failed = 0;    // without one, or never sent
    std::uint64_t refused = 0;   // of them, by the breaker or for want of room
    std::uint64_t retries = 0;
    std::uint64_t sent = 0;                   // sendings, retries included
    std::uint64_t connections = 0;            // made for them
    std::uint64_t reused = 0;                 // sendings over a connection that was there
    std::chrono::microseconds latency_sum{};  // of the answered, from begin() on
    std::chrono::microseconds latency_max{};
    policy::Breaker::State breaker = policy::Breaker::State::closed;
};

class HttpPool {
  public:
    explicit HttpPool(PoolOptions options);
    ~HttpPool();
    HttpPool(const HttpPool&) = delete;
    HttpPool& operator=(const HttpPool&) = delete;

    std::future<Result<HttpReply>> begin(HttpRequest request);
    PoolStats stats() const;
    // When the thread last turned; it does so every second at least.
    std::chrono::steady_clock::time_point last_turn() const { return last_turn_.load(); }

  private:
    struct Call;
    class Loop;
    // False, and the call is left, when too many wait.
    bool take(std::unique_ptr<Call>& call);

    const PoolOptions options_;
    std::atomic<std::chrono::steady_clock::time_point> last_turn_;
    mutable std::mutex mutex_;
    // Guarded by mutex_.
    std::vector<std::unique_ptr<Call>> inbox_;
    std::size_t unanswered_ = 0;
    PoolStats stats_;
    bool is_stopping_ = false;

    std::unique_ptr<Loop> loop_;
    std::thread thread_;
};

}  // namespace tutti::engine
