// SPDX-License-Identifier: Apache-2.0
#include "engine/upstream/http_pool_loop.h"

#include "base/log.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <utility>

namespace tutti::engine {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr int kIdleTurnMillis = 1000;
// How exactly timeouts and delays are kept.
constexpr int kTurnMillis = 20;

void set_up_curl() {
    static std::once_flag once;
    std::call_once(once, [] {
        if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
            throw std::runtime_error("libcurl cannot be used");
    });
}

// TLS writes may raise it; here the error alone counts.
void block_broken_pipe_signal() {
    sigset_t signals;
    ::sigemptyset(&signals);
    ::sigaddset(&signals, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &signals, nullptr);
}

}  // namespace

HttpPool::Loop::Loop(HttpPool& pool)
    : pool_(pool), options_(pool.options_), multi_(nullptr), breaker_(pool.options_.breaker) {
    set_up_curl();
    multi_ = curl_multi_init();
    if (!multi_) throw std::bad_alloc();
    curl_multi_setopt(multi_, CURLMOPT_MAX_TOTAL_CONNECTIONS, options_.max_connections);
    curl_multi_setopt(multi_, CURLMOPT_MAX_HOST_CONNECTIONS, options_.max_connections_per_host);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, options_.max_connections);
    now_ = reported_at_ = steady_clock::now();
}

HttpPool::Loop::~Loop() {
    curl_multi_cleanup(multi_);
}

void HttpPool::Loop::run() {
    block_broken_pipe_signal();
    for (;;) {
        now_ = steady_clock::now();
        pool_.last_turn_ = now_;
        if (!take_inbox()) break;
        start_due();
        int running = 0;
        curl_multi_perform(multi_, &running);
        now_ = steady_clock::now();
        collect();
        give_up_silent();
        expire_waiting();
        start_due();
        report();
        const bool is_idle =
            sending_.empty() && resting_.empty() && urgent_.empty() && waiting_.empty();
        curl_multi_poll(multi_, nullptr, 0, is_idle ? kIdleTurnMillis : kTurnMillis, nullptr);
    }
    end_all();
}

bool HttpPool::Loop::take_inbox() {
    std::vector<CallPtr> fresh;
    bool goes_on;
    {
        std::lock_guard lock(pool_.mutex_);
        fresh.swap(pool_.inbox_);
        goes_on = !pool_.is_stopping_;
    }
    for (auto& call : fresh) queue(std::move(call));
    return goes_on;
}

void HttpPool::Loop::queue(CallPtr call) {
    (call->request.is_urgent ? urgent_ : waiting_).push_back(std::move(call));
}

void HttpPool::Loop::start_due() {
    const auto due =
        std::stable_partition(resting_.begin(), resting_.end(),
                              [this](const auto& call) { return call->not_before > now_; });
    for (auto at = due; at != resting_.end(); ++at) queue(std::move(*at));
    resting_.erase(due, resting_.end());

    for (auto* calls : {&urgent_, &waiting_})
        while (!calls->empty()) {
            const bool is_shut = breaker_.state() == policy::Breaker::State::probing ||
                                 breaker_.time_left(now_) > milliseconds(0);
            if (!is_shut && sending_.size() >= options_.max_in_flight) return;
            auto call = std::move(calls->front());
            calls->pop_front();
            if (const auto ticket = breaker_.admit(now_))
                start(std::move(call), *ticket);
            else
                refuse(std::move(call));
        }
}

void HttpPool::Loop::start(CallPtr call, policy::Breaker::Ticket ticket) {
    call->ticket = ticket;
    call->transfer = std::make_unique<HttpTransfer>(call->request, options_, now_);
    auto* handle = call->transfer->handle();
    curl_multi_add_handle(multi_, handle);
    sending_.emplace(handle, std::move(call));
}

void HttpPool::Loop::collect() {
    int left = 0;
    while (const auto* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        const auto found = sending_.find(message->easy_handle);
        const auto code = message->data.result;
        auto call = std::move(found->second);
        sending_.erase(found);
        finish_sending(std::move(call), code);
    }
}

void HttpPool::Loop::give_up_silent() {
    for (auto at = sending_.begin(); at != sending_.end();) {
        auto& call = at->second;
        if (now_ < deadline_of(*call) && !call->transfer->is_silent(now_, options_.read_timeout)) {
            ++at;
            continue;
        }
        auto given_up = std::move(call);
        at = sending_.erase(at);
        finish_sending(std::move(given_up), CURLE_OPERATION_TIMEDOUT);
    }
}

void HttpPool::Loop::finish_sending(CallPtr call, CURLcode code) {
    const auto transfer = std::move(call->transfer);
    curl_multi_remove_handle(multi_, transfer->handle());
    const auto end = transfer->end(code);
    {
        std::lock_guard lock(pool_.mutex_);
        auto& stats = pool_.stats_;
        ++stats.sent;
        stats.connections += static_cast<std::uint64_t>(transfer->connections_made());
        stats.reused += end.was_reused && end.has_sent;
    }
    call->transfer = nullptr;
    if (code == CURLE_OK) {
        call->last = transfer->take_reply();
    } else {
        last_failure_ = transfer->detail(code);
        call->last = transfer->error(code);
        log::debug("upstream={} a request failed: {}", options_.name, last_failure_);
    }
    judge(*call, end, code);
    if (rest(call, end)) return;
    auto last = std::move(*call->last);
    tell(std::move(call), std::move(last));
}

// A server that answers at all, if only to refuse, is no reason to stop asking it.
void HttpPool::Loop::judge(const Call& call, const AttemptEnd& end, CURLcode code) {
    if (end.status >= 500) last_failure_ = fmt::format("status {}", end.status);
    const auto before = breaker_.state();
    const bool has_answered = code == CURLE_OK || code == CURLE_WRITE_ERROR;
    breaker_.on_result(now_, call.ticket, has_answered && end.status < 500);
    const auto after = breaker_.state();
    if (before == after) return;
    if (after == policy::Breaker::State::open)
        log::warn("upstream={} keeps failing ({}); it is asked again in {} ms", options_.name,
                  last_failure_, breaker_.time_left(now_).count());
    else
        log::info("upstream={} answers again", options_.name);
    std::lock_guard lock(pool_.mutex_);
    pool_.stats_.breaker = after;
}

// Whether it is to be sent again; then it is taken.
bool HttpPool::Loop::rest(CallPtr& call, const AttemptEnd& end) {
    const double jitter = std::uniform_real_distribution<double>(0, 1)(random_);
    const auto delay = retry_delay(options_.retry, call->retries, end, jitter);
    if (!delay || now_ + *delay >= deadline_of(*call)) return false;
    ++call->retries;
    call->not_before = now_ + *delay;
    resting_.push_back(std::move(call));
    std::lock_guard lock(pool_.mutex_);
    ++pool_.stats_.retries;
    return true;
}

void HttpPool::Loop::expire_waiting() {
    for (auto* calls : {&urgent_, &waiting_}) {
        const auto late =
            std::stable_partition(calls->begin(), calls->end(),
                                  [this](const auto& call) { return now_ < deadline_of(*call); });
        for (auto at = late; at != calls->end(); ++at) {
            auto why = (*at)->last.value_or(
                Error(Errc::busy, options_.server + " had no room for the request in time"));
            tell(std::move(*at), std::move(why));
        }
        calls->erase(late, calls->end());
    }
}

void HttpPool::Loop::refuse(CallPtr call) {
    {
        std::lock_guard lock(pool_.mutex_);
        ++pool_.stats_.refused;
    }
    auto why = call->last.value_or(Error(Errc::unavailable, options_.server + " keeps failing"));
    tell(std::move(call), std::move(why));
}

void HttpPool::Loop::tell(CallPtr call, Result<HttpReply> result) {
    const auto latency = std::chrono::duration_cast<microseconds>(now_ - call->begun);
    {
        std::lock_guard lock(pool_.mutex_);
        --pool_.unanswered_;
        auto& stats = pool_.stats_;
        if (result) {
            ++stats.answered;
            stats.latency_sum += latency;
            stats.latency_max = std::max(stats.latency_max, latency);
        } else {
            ++stats.failed;
        }
    }
    call->tell(std::move(result));
}

void HttpPool::Loop::end_all() {
    for (auto& [handle, call] : sending_) {
        curl_multi_remove_handle(multi_, handle);
        tell(std::move(call), Error(Errc::canceled));
    }
    sending_.clear();
    for (auto* calls : {&urgent_, &waiting_})
        for (auto& call : *calls) tell(std::move(call), Error(Errc::canceled));
    for (auto& call : resting_) tell(std::move(call), Error(Errc::canceled));
}

void HttpPool::Loop::report() {
    if (now_ - reported_at_ < options_.report_interval) return;
    reported_at_ = now_;
    const auto stats = pool_.stats();
    const auto before = std::exchange(reported_, stats);
    const auto answered = stats.answered - before.answered;
    const auto sent = stats.sent - before.sent;
    if (answered + stats.failed - before.failed == 0) return;
    const auto mean = answered > 0 ? (stats.latency_sum - before.latency_sum).count() /
                                         static_cast<std::int64_t>(answered) / 1000
                                   : 0;
    log::info(
        "upstream={} answered={} failed={} refused={} retries={} sent={} connections={} "
        "reused={:.1f}% latency_ms={} longest_ms={}",
        options_.name, answered, stats.failed - before.failed, stats.refused - before.refused,
        stats.retries - before.retries, sent, stats.connections - before.connections,
        sent > 0
            ? 100.0 * static_cast<double>(stats.reused - before.reused) / static_cast<double>(sent)
            : 0.0,
        mean, stats.latency_max.count() / 1000);
    std::lock_guard lock(pool_.mutex_);
    pool_.stats_.latency_max = {};
}

}  // namespace tutti::engine
