// SPDX-License-Identifier: Apache-2.0
// The thread of an HttpPool; for http_pool*.cc alone. All but wake() runs on that thread.
#pragma once

#include "engine/upstream/http_transfer.h"

#include <algorithm>
#include <deque>
#include <random>
#include <unordered_map>

namespace tutti::engine {

struct HttpPool::Call {
    using TimePoint = std::chrono::steady_clock::time_point;
    HttpRequest request;
    TimePoint begun;
    std::promise<Result<HttpReply>> answer;
    int retries = 0;
    TimePoint not_before{};
    // What the last sending ended with, told when there is no next one.
    std::optional<Result<HttpReply>> last;
    policy::Breaker::Ticket ticket;
    std::unique_ptr<HttpTransfer> transfer;  // while it is being sent

    void tell(Result<HttpReply> result);
};

class HttpPool::Loop {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;
    using CallPtr = std::unique_ptr<Call>;

    explicit Loop(HttpPool& pool);
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    void run();
    void wake() { curl_multi_wakeup(multi_); }

  private:
    bool take_inbox();
    void queue(CallPtr call);
    void start_due();
    void start(CallPtr call, policy::Breaker::Ticket ticket);
    void collect();
    void give_up_silent();
    void finish_sending(CallPtr call, CURLcode code);
    void judge(const Call& call, const AttemptEnd& end, CURLcode code);
    bool rest(CallPtr& call, const AttemptEnd& end);
    void expire_waiting();
    void tell(CallPtr call, Result<HttpReply> result);
    void refuse(CallPtr call);
    void end_all();
    void report();
    TimePoint deadline_of(const Call& call) const {
        const auto latest = call.begun + options_.total_timeout;
        return std::min(latest, call.request.deadline.value_or(latest));
    }

    HttpPool& pool_;
    const PoolOptions& options_;
    CURLM* multi_;
    TimePoint now_;
    policy::Breaker breaker_;
    std::string last_failure_;  // what the breaker opened for
    std::deque<CallPtr> urgent_;
    std::deque<CallPtr> waiting_;
    std::vector<CallPtr> resting_;  // until their next sending is due
    std::unordered_map<CURL*, CallPtr> sending_;
    std::minstd_rand random_{std::random_device{}()};
    TimePoint reported_at_;
    PoolStats reported_;
};

}  // namespace tutti::engine
