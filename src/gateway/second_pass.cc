// SPDX-License-Identifier: Apache-2.0
#include "gateway/second_pass.h"

namespace tutti::gateway {

using runtime::Metric;
using std::chrono::steady_clock;

SecondPass::SecondPass(Services& services, const config::Model& first,
                       std::vector<std::string> hotwords, std::function<void()> wake,
                       std::function<void(const policy::Told&)> tell)
    : services_(services),
      model_(first.second_pass),
      hotwords_(std::move(hotwords)),
      wake_(std::move(wake)),
      tell_(std::move(tell)),
      refiner_({.limit = first.second_pass_limit}) {
    if (is_wanted()) services_.engines.expect_work(model_);
}

void SecondPass::on_told(policy::Told told) {
    refiner_.on_told(std::move(told), steady_clock::now());
    perform();
}

void SecondPass::look(TimePoint now) {
    take_answers();
    refiner_.on_time(now);
    perform();
}

void SecondPass::give_up() {
    refiner_.give_up();
    perform();
}

void SecondPass::drop() {
    streams_.clear();
    services_.engines.look_again();
}

void SecondPass::take_answers() {
    for (auto it = streams_.begin(); it != streams_.end();) {
        auto& stream = *it->second;
        auto outcome = stream.outcome();
        if (!outcome && stream.wants_engine() && !stream.is_asking()) {
            if (auto refusal = services_.engines.refusal(model_))
                outcome = std::move(*refusal);
            else
                stream.ask();
        }
        if (outcome) {
            refiner_.on_answer(it->first, std::move(*outcome));
            it = streams_.erase(it);
            services_.engines.look_again();
        } else {
            ++it;
        }
    }
}

void SecondPass::perform() {
    for (auto& action : refiner_.take_actions()) std::visit([this](auto& a) { act(a); }, action);
    count();
}

void SecondPass::act(policy::AskSecond& action) {
    auto stream = std::make_unique<dispatch::WholeStream>(
        services_.engines, model_, audio::Segment{action.first_sample, std::move(action.audio)},
        std::string(), hotwords_, wake_);
    streams_.emplace(action.number, std::move(stream));
    wake_();  // look() asks, or finds that it is in vain
}

void SecondPass::act(const policy::StopAsking& action) {
    streams_.erase(action.number);
    services_.engines.look_again();
}

void SecondPass::count() {
    const auto counts = refiner_.counts();
    services_.slot.add(Metric::second_passes, counts.refined - counted_.refined);
    services_.slot.add(Metric::second_passes_missed, counts.kept - counted_.kept);
    counted_ = counts;
}

}  // namespace tutti::gateway
