// SPDX-License-Identifier: Apache-2.0
#include "gateway/read_deadline.h"

namespace tutti::gateway {

ReadDeadline::ReadDeadline(boost::beast::tcp_stream& stream)
    : state_(std::make_shared<State>(State{&stream})), timer_(stream.get_executor()) {
}

ReadDeadline::~ReadDeadline() {
    ++state_->round;
}

void ReadDeadline::start(boost::asio::steady_timer::duration limit) {
    state_->stream->expires_never();
    state_->has_passed = false;
    timer_.expires_after(limit);
    timer_.async_wait([state = state_, round = ++state_->round](boost::system::error_code error) {
        if (error || round != state->round) return;
        state->has_passed = true;
        state->stream->cancel();
    });
}

bool ReadDeadline::stop() {
    ++state_->round;
    timer_.cancel();
    return state_->has_passed;
}

}  // namespace tutti::gateway
