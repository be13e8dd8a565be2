// SPDX-License-Identifier: Apache-2.0
#include "config/known_models.h"

#include "base/log.h"
#include "config/model_settings.h"
#include "config/toml_nodes.h"

#include "models/model_folders.h"
#include "models/silero_files.h"
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

namespace tutti::config {
namespace {

namespace fs = std::filesystem;
using models::ModelCard;

constexpr std::string_view kSilero = "silero";

Error invalid(std::string why) {
    return Error(Errc::bad_config, std::move(why));
}

Model& known_or_new(Config& config, const std::string& id) {
    auto& models = config.known_models;
    auto model = std::ranges::find(models, id, &Model::id);
    if (model == models.end()) model = models.insert(model, Model{.id = id});
    return *model;
}

std::string origin_of_card(const fs::path& folder) {
    return "model folder " + log::printable((folder / models::kCardName).string());
}

// What a card says of a model, in the form in which settings take it.
struct CardValue {
    std::string_view key;
    std::string value;
};

std::vector<CardValue> values_of(const ModelCard& card) {
    return {{"backend", card.backend},
            {"kind", std::string(models::name_of(card.kind))},
            {"languages", join_list(card.languages)},
            {"punctuates", models::punctuates(card) ? "true" : "false"}};
}

void set_from_card(LoadedConfig& loaded, Model& model, std::string_view key,
                   const std::string& value, const std::string& origin) {
    const auto setting = std::ranges::find(model_settings(), key, &ModelSetting::key);
    if (!setting->set(model, value)) return;  // no card has a value that its setting refuses
    loaded.origins[model_origin_key(model.id, key)] = origin;
}

void add_model_folder(LoadedConfig& loaded, const models::ModelFolder& folder) {
    const auto& card = *folder.card;
    auto& model = known_or_new(loaded.config, card.id);
    model = Model{.id = card.id};
    const auto origin = origin_of_card(folder.path);
    set_from_card(loaded, model, "id", card.id, origin);
    for (const auto& [key, value] : values_of(card))
        set_from_card(loaded, model, key, value, origin);
    set_from_card(loaded, model, "directory", folder.path.string(), origin);
}

// The folder that a table names, if it is one with a card.
fs::path folder_with_card(const toml::table& table) {
    const fs::path folder = table["directory"].value_or(std::string());
    return !folder.empty() && models::has_card(folder) ? folder : fs::path();
}

// The table's id, or that of the card in its directory.
std::string id_of(const toml::table& table) {
    auto id = table["id"].value_or(std::string());
    const auto folder = folder_with_card(table);
    if (!id.empty() || folder.empty()) return id;
    const auto card = models::load_card(folder);
    return card ? card->id : folder.lexically_normal().filename().string();
}

// A table that says everything, as print() makes them, needs no card.
void complete_from_card(LoadedConfig& loaded, Model& model, const toml::table& table) {
    if (!table.contains("directory")) return;
    loaded.broken_models.erase(model.id);
    const auto folder = folder_with_card(table);
    const auto is_said = [&](const char* key) { return table.contains(key); };
    if (folder.empty() || std::ranges::all_of(std::array{"backend", "kind", "languages"}, is_said))
        return;
    const auto card = models::load_card(folder);
    if (!card) {
        loaded.broken_models[model.id] = card.error();
        return;
    }
    for (const auto& [key, value] : values_of(*card))
        if (!table.contains(key)) set_from_card(loaded, model, key, value, origin_of_card(folder));
}

std::string ids_of(const std::vector<Model>& models) {
    std::vector<std::string_view> ids;
    for (const auto& model : models) ids.push_back(model.id);
    return fmt::format("{}", fmt::join(ids, ", "));
}

Result<void> check_vad(const Config& config, const Model& model) {
    if (model.vad.empty() || model.vad == "none") return {};
    const Model* vad = vad_of_streams(config, model);
    if (vad && vad->kind == models::Kind::vad) return {};
    return invalid(fmt::format("model '{}': vad: '{}' is not a served model of kind vad (or none)",
                               model.id, log::printable(model.vad)));
}

Result<void> check_served(const LoadedConfig& loaded, const std::string& id) {
    const auto& config = loaded.config;
    if (const auto broken = loaded.broken_models.find(id); broken != loaded.broken_models.end())
        return invalid(fmt::format("model '{}' cannot be served: {}", id, broken->second.context));
    const Model* model = find_model(config, id);
    if (!model)
        return invalid(
            fmt::format("models: '{}' is not known (known: {})", id, ids_of(config.known_models)));
    if (model->backend.empty()) return invalid(fmt::format("model '{}' has no backend", id));
    if (auto done = check_vad(config, *model); !done) return done;
    if (model->max_replicas > 0 && model->max_replicas < model->replicas)
        return invalid(fmt::format("model '{}': max_replicas is less than replicas", id));
    return {};
}

// A model that knows any language is asked only by one that does.
bool knows_all_of(const Model& second, const Model& first) {
    if (second.languages.empty()) return true;
    return !first.languages.empty() && std::ranges::all_of(first.languages, [&](const auto& one) {
        return knows_language(second, one);
    });
}

Result<void> check_second_pass(const Config& config, const Model& model) {
    if (model.second_pass.empty()) return {};
    const auto wrong = [&](std::string_view why) {
        return invalid(fmt::format("model '{}': second_pass: '{}' {}", model.id,
                                   log::printable(model.second_pass), why));
    };
    if (!models::recognises_speech(model.kind))
        return invalid(fmt::format("model '{}': second_pass: it recognises no speech", model.id));
    if (model.second_pass == model.id) return wrong("is the model itself");
    if (std::ranges::count(config.models, model.second_pass) == 0) return wrong("is not served");
    const auto& second = *find_model(config, model.second_pass);
    if (!models::recognises_speech(second.kind)) return wrong("recognises no speech");
    if (!knows_all_of(second, model)) return wrong("does not know all of the model's languages");
    return {};
}

}  // namespace

void add_model_folders(LoadedConfig& loaded) {
    if (loaded.config.models_dir.empty()) return;
    std::error_code failure;
    const auto dir = fs::absolute(loaded.config.models_dir, failure);
    const auto folders = models::find_folders(failure ? fs::path(loaded.config.models_dir) : dir);
    if (!folders) {
        loaded.warnings.push_back("models_dir: " + folders.error().context);
        return;
    }
    for (const auto& folder : *folders) {
        if (folder.card)
            add_model_folder(loaded, folder);
        else
            loaded.broken_models.emplace(folder.id(), folder.card.error());
    }
}

Result<void> read_model_table(LoadedConfig& loaded, const toml::table& table,
                              std::string_view source) {
    const auto id = id_of(table);
    if (id.empty()) return wrong_setting(line_of(source, table), "model", "needs an id");
    auto& model = known_or_new(loaded.config, id);
    for (const auto& [key, node] : table) {
        auto origin = line_of(source, node);
        const auto name = fmt::format("model.{}", key.str());
        const auto text = text_of(node);
        if (!text) return wrong_setting(origin, name, "must be a string, a number or a list");
        const auto it = std::ranges::find(model_settings(), key.str(), &ModelSetting::key);
        if (it == model_settings().end())
            return wrong_setting(origin, name, "is not a setting of a model");
        if (auto done = it->set(model, *text); !done)
            return wrong_setting(origin, name, done.error().context);
        loaded.origins[model_origin_key(id, key.str())] = std::move(origin);
    }
    complete_from_card(loaded, model, table);
    return {};
}

void drop_missing_silero(LoadedConfig& loaded) {
    auto& config = loaded.config;
    const Model builtin = *find_model(Config(), kSilero);
    const auto served = std::ranges::find(config.models, kSilero);
    if (served == config.models.end() || loaded.origins.contains("models")) return;
    const Model* model = find_model(config, kSilero);
    if (!model || model->backend != builtin.backend || !model->directory.empty()) return;
    const auto missing = models::missing_for_silero();
    if (missing.empty()) return;
    config.models.erase(served);
    loaded.warnings.push_back(fmt::format(
        "model 'silero' is not served, voice activity is told by energy alone: {}", missing));
}

Result<void> check_known_models(LoadedConfig& loaded) {
    const auto& config = loaded.config;
    if (config.models.empty()) return invalid("models: at least one model must be served");
    for (const auto& id : config.models)
        if (auto done = check_served(loaded, id); !done) return done;
    for (const auto& id : config.models)
        if (auto done = check_second_pass(config, *find_model(config, id)); !done) return done;
    if (speech_models(config).empty())
        return invalid("models: at least one that recognises speech must be served");
    for (const auto& [id, why] : loaded.broken_models)
        loaded.warnings.push_back(fmt::format("model '{}' is not served, but broken: {}",
                                              log::printable(id), why.context));
    return {};
}

}  // namespace tutti::config
