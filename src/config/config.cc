// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <algorithm>

namespace tutti::config {

const Model* find_model(const Config& config, std::string_view id) {
    const auto it = std::ranges::find(config.known_models, id, &Model::id);
    return it == config.known_models.end() ? nullptr : &*it;
}

namespace {

bool means_any(const Config& config, std::string_view name) {
    if (name.empty() || std::ranges::count(config.model_aliases, name) > 0) return true;
    // Deepgram appends a domain: "nova-2-meeting".
    return std::ranges::any_of(config.model_aliases, [&](const std::string& alias) {
        return alias.starts_with("nova") && name.starts_with(alias + "-");
    });
}

}  // namespace

const Model* resolve_model(const Config& config, std::string_view name, std::string_view language) {
    const auto served = speech_models(config);
    for (const auto* model : served)
        if (model->id == name || std::ranges::count(model->aliases, name) > 0) return model;
    if (!means_any(config, name)) return nullptr;
    for (const auto* model : served)
        if (knows_language(*model, language)) return model;
    return served.front();
}

std::vector<const Model*> speech_models(const Config& config) {
    std::vector<const Model*> found;
    for (const auto& id : config.models)
        if (const auto* model = find_model(config, id); models::recognises_speech(model->kind))
            found.push_back(model);
    return found;
}

const Model* first_of(const Config& config, models::Kind kind, std::string_view language) {
    for (const auto& id : config.models)
        if (const auto* model = find_model(config, id);
            model->kind == kind && knows_language(*model, language))
            return model;
    return nullptr;
}

const Model* vad_of_files(const Config& config, const Model& model) {
    if (model.vad.empty()) return first_of(config, models::Kind::vad);
    return vad_of_streams(config, model);
}

const Model* vad_of_streams(const Config& config, const Model& model) {
    const bool is_served = std::ranges::count(config.models, model.vad) > 0;
    return is_served ? find_model(config, model.vad) : nullptr;
}

int most_replicas(const Model& model) {
    return std::max({1, model.replicas, model.max_replicas});
}

bool knows_language(const Model& model, std::string_view language) {
    if (model.languages.empty() || language.empty() || language == "multi") return true;
    const auto primary = language.substr(0, language.find_first_of("-_"));
    return std::ranges::any_of(model.languages, [&](const std::string& known) {
        return std::ranges::equal(known, primary, {}, {},
                                  [](char c) { return static_cast<char>(c | 0x20); });
    });
}

}  // namespace tutti::config
