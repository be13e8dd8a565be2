// SPDX-License-Identifier: Apache-2.0
#include "engine/upstream/http_pool.h"

#include "base/log.h"
#include "engine/upstream/http_pool_loop.h"

namespace tutti::engine {

HttpPool::HttpPool(PoolOptions options)
    : options_(std::move(options)),
      last_turn_(std::chrono::steady_clock::now()),
      loop_(std::make_unique<Loop>(*this)) {
    thread_ = std::thread([this] { loop_->run(); });
}

HttpPool::~HttpPool() {
    {
        std::lock_guard lock(mutex_);
        is_stopping_ = true;
    }
    loop_->wake();
    thread_.join();
}

std::future<Result<HttpReply>> HttpPool::begin(HttpRequest request) {
    auto call = std::make_unique<Call>();
    call->request = std::move(request);
    call->begun = std::chrono::steady_clock::now();
    auto answer = call->answer.get_future();
    if (take(call))
        loop_->wake();
    else
        call->tell(Error(Errc::busy, "too many requests wait for " + options_.server));
    return answer;
}

bool HttpPool::take(std::unique_ptr<Call>& call) {
    std::lock_guard lock(mutex_);
    if (unanswered_ >= options_.max_in_flight + options_.queue_limit) {
        ++stats_.failed;
        ++stats_.refused;
        return false;
    }
    ++unanswered_;
    inbox_.push_back(std::move(call));
    return true;
}

void HttpPool::Call::tell(Result<HttpReply> result) {
    if (request.on_end) request.on_end(result);
    answer.set_value(std::move(result));
}

PoolStats HttpPool::stats() const {
    std::lock_guard lock(mutex_);
    return stats_;
}

}  // namespace tutti::engine
