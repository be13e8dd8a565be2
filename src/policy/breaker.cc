// SPDX-License-Identifier: Apache-2.0
#include "policy/breaker.h"

#include <algorithm>

namespace tutti::policy {

using std::chrono::milliseconds;

std::optional<Breaker::Ticket> Breaker::admit(TimePoint now) {
    if (state_ == State::closed) return Ticket{era_};
    if (state_ == State::probing || now < opened_at_ + pause_) return std::nullopt;
    change(State::probing);
    return Ticket{era_};
}

void Breaker::on_result(TimePoint now, Ticket ticket, bool has_succeeded) {
    if (ticket.era != era_) return;
    if (state_ == State::probing) {
        if (has_succeeded) {
            pause_ = options_.pause;
            return change(State::closed);
        }
        pause_ = std::min(2 * pause_, options_.longest_pause);
        return open(now);
    }
    failures_in_a_row_ = has_succeeded ? 0 : failures_in_a_row_ + 1;
    latest_.push_back(!has_succeeded);
    if (latest_.size() > options_.window) latest_.pop_front();
    if (!has_succeeded && has_failed_enough()) open(now);
}

// The next one may probe instead.
void Breaker::on_abandoned(Ticket ticket) {
    if (ticket.era == era_ && state_ == State::probing) change(State::open);
}

milliseconds Breaker::time_left(TimePoint now) const {
    if (state_ != State::open) return milliseconds(0);
    const auto left = std::chrono::ceil<milliseconds>(opened_at_ + pause_ - now);
    return std::max(left, milliseconds(0));
}

bool Breaker::has_failed_enough() const {
    if (failures_in_a_row_ >= options_.consecutive_failures) return true;
    const auto failed = static_cast<double>(std::ranges::count(latest_, true));
    return latest_.size() >= options_.window &&
           failed >= options_.failure_share * static_cast<double>(latest_.size());
}

void Breaker::open(TimePoint now) {
    opened_at_ = now;
    change(State::open);
}

void Breaker::change(State state) {
    state_ = state;
    ++era_;
    failures_in_a_row_ = 0;
    latest_.clear();
}

}  // namespace tutti::policy
