// SPDX-License-Identifier: Apache-2.0
#include "config/config.h"

#include <algorithm>

namespace tutti::config {

const Model* find_model(const Config& config, std::string_view id) {
    const auto it = std::ranges::find(config.known_models, id, &Model::id);
    return it == config.known_models.end() ? nullptr : &*it;
}

const Model* resolve_model(const Config& config, std::string_view name) {
    const auto contains = [&](const auto& list) { return std::ranges::count(list, name) > 0; };
    if (contains(config.models)) return find_model(config, name);
    if (name.empty() || contains(config.model_aliases))
        return find_model(config, config.models.front());
    // Deepgram appends a domain: "nova-2-meeting".
    for (const auto& alias : config.model_aliases)
        if (alias.starts_with("nova") && name.starts_with(alias + "-"))
            return find_model(config, config.models.front());
    return nullptr;
}

int most_replicas(const Model& model) {
    return std::max({1, model.replicas, model.max_replicas});
}

bool knows_language(const Model& model, std::string_view language) {
    if (language.empty() || language == "multi") return true;
    const auto primary = language.substr(0, language.find_first_of("-_"));
    return std::ranges::any_of(model.languages, [&](const std::string& known) {
        return std::ranges::equal(known, primary, {}, {},
                                  [](char c) { return static_cast<char>(c | 0x20); });
    });
}

}  // namespace tutti::config
