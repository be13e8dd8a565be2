// SPDX-License-Identifier: Apache-2.0
// What a model folder asks of sherpa-onnx: its card read, every file, token and option checked, and
// the library's configuration made of it.
//
//   const auto plan = plan_model(folder);      // an error is one line that names file and key
//   const auto config = online_config(*plan);  // points into the plan
//
// The checks catch what they can, since the library ends the process over most faults; the rest is
// for the probe (probe.h). Digests are compared by load_sherpa.
#pragma once

#include "engine/sherpa/sherpa_api.h"
#include "engine/sherpa/words_of_tokens.h"

#include "models/model_card.h"

#include <map>
#include <set>
#include <string>
#include <string_view>

namespace tutti::engine::sherpa {

struct ModelPlan {
    std::string id;
    models::Kind kind = models::Kind::asr_offline;
    std::string family;
    std::string provider = "cpu";  // what it is computed on
    TokenStyle style = TokenStyle::pieces;
    bool is_lower_case = false;  // its text is to be lowered
    proto::Millis tail{};        // of silence that brings out a stream's last words
    // See Hearing::after_words.
    proto::Millis after_words{};
    bool takes_hotwords = false;                 // of a request
    std::set<std::string> symbols;               // that hotwords are spelt in; empty = not known
    proto::Millis longest_clip{};                // that an offline model takes at once
    std::map<std::string, std::string> files;    // role -> path
    std::map<std::string, std::string> options;  // as the card has them, all known and in range
};

Result<ModelPlan> plan_model(const std::filesystem::path& folder);

// REQUIRES: of the kind. They live as long as the plan.
OnlineConfig online_config(const ModelPlan& plan);
OfflineConfig offline_config(const ModelPlan& plan);
PunctuationConfig punctuation_config(const ModelPlan& plan);
DiarizationConfig diarization_config(const ModelPlan& plan);

}  // namespace tutti::engine::sherpa
