// SPDX-License-Identifier: Apache-2.0
#include "gateway/pauses.h"

#include "base/log.h"

#include <chrono>
#include <utility>

namespace tutti::gateway {
namespace {

constexpr policy::BreakerOptions kOptions{.consecutive_failures = 3,
                                          .pause = std::chrono::seconds(10),
                                          .longest_pause = std::chrono::seconds(60)};

}  // namespace

Pauses::Model& Pauses::find(const std::string& model) {
    return models_.try_emplace(model, Model{policy::Breaker(kOptions)}).first->second;
}

void Pauses::tell_change(const std::string& model) {
    auto& [breaker, is_told] = find(model);
    const bool is_paused = breaker.state() != policy::Breaker::State::closed;
    if (is_paused == std::exchange(is_told, is_paused)) return;
    if (is_paused)
        log::warn(
            "the model '{}' keeps failing or missing its limit: finals are told without it, "
            "and one asks it again in {} s",
            model, kOptions.pause.count() / 1000);
    else
        log::info("the model '{}' gives finals again", model);
}

}  // namespace tutti::gateway
