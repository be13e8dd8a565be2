// SPDX-License-Identifier: Apache-2.0
// A model in memory, shared by all decode threads; its recognizer object may be used by several at
// once. Streams hold it, since they must go before it does.
#pragma once

#include "engine/sherpa/model_plan.h"
#include "engine/sherpa/sherpa_api.h"

#include <fmt/format.h>

#include <stdexcept>
#include <string>

namespace tutti::engine::sherpa {

// `text` on one line.
std::string one_line(std::string text);

// Calls the library; what it throws comes out as std::runtime_error of ours.
template <class Call>
auto guarded(const char* what, Call&& call) {
    try {
        return call();
    } catch (const std::exception& e) {
        throw std::runtime_error(
            fmt::format("sherpa-onnx cannot {}: {}", what, one_line(e.what())));
    } catch (...) {
        throw std::runtime_error(fmt::format("sherpa-onnx cannot {}", what));
    }
}

class LoadedModel {
  public:
    // Throws when it cannot be loaded, if the library leaves the process alive.
    LoadedModel(const Api& api, ModelPlan plan);
    ~LoadedModel();
    LoadedModel(const LoadedModel&) = delete;
    LoadedModel& operator=(const LoadedModel&) = delete;

    const Api& api() const { return api_; }
    const ModelPlan& plan() const { return plan_; }
    // Of these, the one the plan's kind needs.
    const OnlineRecognizer* online() const { return online_; }
    const OfflineRecognizer* offline() const { return offline_; }
    const Punctuation* punctuation() const { return punctuation_; }
    const Diarization* diarization() const { return diarization_; }

  private:
    bool load();

    const Api& api_;
    const ModelPlan plan_;
    const OnlineRecognizer* online_ = nullptr;
    const OfflineRecognizer* offline_ = nullptr;
    const Punctuation* punctuation_ = nullptr;
    const Diarization* diarization_ = nullptr;
};

}  // namespace tutti::engine::sherpa
