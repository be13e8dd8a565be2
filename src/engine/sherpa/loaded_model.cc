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
        if (!load()) throw std::runtime_error("it is refused");
    });
}

bool LoadedModel::load() {
    if (plan_.kind == models::Kind::asr_streaming) {
        const auto config = online_config(plan_);
        return (online_ = api_.create_online_recognizer(&config)) != nullptr;
    }
    if (plan_.kind == models::Kind::punctuation) {
        const auto config = punctuation_config(plan_);
        return (punctuation_ = api_.create_punctuation(&config)) != nullptr;
    }
    if (plan_.kind == models::Kind::diarization) {
        const auto config = diarization_config(plan_);
        return (diarization_ = api_.create_diarization(&config)) != nullptr;
    }
    const auto config = offline_config(plan_);
    return (offline_ = api_.create_offline_recognizer(&config)) != nullptr;
}

LoadedModel::~LoadedModel() {
    if (online_) api_.destroy_online_recognizer(online_);
    if (offline_) api_.destroy_offline_recognizer(offline_);
    if (punctuation_) api_.destroy_punctuation(punctuation_);
    if (diarization_) api_.destroy_diarization(diarization_);
}

}  // namespace tutti::engine::sherpa
