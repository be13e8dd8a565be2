// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/loaded_model.h"

#include <algorithm>

namespace tutti::engine::sherpa {

std::string one_line(std::string text) {
    std::ranges::replace(text, '\n', ' ');
    return text;
}

LoadedModel::LoadedModel(const Api& api, ModelPlan plan) : api_(api), plan_(std::move(plan)) {
    guarded("load the model", [this] {
        if (plan_.is_streaming) {
            const auto config = online_config(plan_);
            online_ = api_.create_online_recognizer(&config);
        } else {
            const auto config = offline_config(plan_);
            offline_ = api_.create_offline_recognizer(&config);
        }
        if (!online_ && !offline_) throw std::runtime_error("it is refused");
    });
}

LoadedModel::~LoadedModel() {
    if (online_) api_.destroy_online_recognizer(online_);
    if (offline_) api_.destroy_offline_recognizer(offline_);
}

}  // namespace tutti::engine::sherpa
