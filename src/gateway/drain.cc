// SPDX-License-Identifier: Apache-2.0
#include "gateway/drain.h"

#include "gateway/live_session.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <algorithm>

namespace tutti::gateway {
namespace {

using std::chrono::steady_clock;

// How finely the streams' moments are kept; without a limit there are none, and only the end of
// the last connection is looked for.
constexpr auto kStep = std::chrono::milliseconds(20);
constexpr auto kPatientStep = std::chrono::milliseconds(100);

}  // namespace

Drain::Drain(Services& services, Acceptor& acceptor, const runtime::TaskGroup& connections)
    : services_(services), acceptor_(acceptor), connections_(connections), timer_(services.loop) {
}

void Drain::on_drain(const policy::DrainTimes& times) {
    plan_.on_drain(steady_clock::now(), times);
    services_.is_draining = true;
    timer_.cancel();
}

asio::awaitable<void> Drain::run() {
    for (;;) {
        const auto now = steady_clock::now();
        step(now);
        if (is_over(now)) co_return;
        timer_.expires_at(next_look(now));
        co_await timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
}

void Drain::step(policy::DrainPlan::Time now) {
    if (now < plan_.closes_at()) return;
    services_.is_closing = true;
    acceptor_.stop();
    for (auto* session : services_.live_sessions)
        session->drain(plan_.step_of(now, session->seed()));
}

bool Drain::is_over(policy::DrainPlan::Time now) const {
    if (now >= plan_.ends_at()) return true;
    return services_.is_closing && connections_.size() == 0 && acceptor_.is_done();
}

policy::DrainPlan::Time Drain::next_look(policy::DrainPlan::Time now) const {
    const auto step = now + (plan_.has_limit() ? kStep : kPatientStep);
    return std::min(services_.is_closing ? step : plan_.closes_at(), plan_.ends_at());
}

}  // namespace tutti::gateway
