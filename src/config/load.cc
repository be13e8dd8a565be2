// SPDX-License-Identifier: Apache-2.0
#include "config/load.h"

#include "base/log.h"
#include "config/known_models.h"
#include "config/model_settings.h"
#include "config/toml_nodes.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>

namespace tutti::config {
namespace {

Error invalid(std::string why) {
    return Error(Errc::bad_config, std::move(why));
}

Result<void> set(LoadedConfig& loaded, std::string_view key, std::string_view value,
                 std::string origin) {
    const auto table = settings();
    const auto it = std::ranges::find(table, key, &Setting::key);
    if (it == table.end()) return wrong_setting(origin, key, "is not a setting");
    if (auto done = it->set(loaded.config, value); !done)
        return wrong_setting(origin, key, done.error().context);
    loaded.origins[std::string(key)] = std::move(origin);
    return {};
}

// A file's tables of models, which wait until it is known where the model folders are.
struct ModelTables {
    toml::table root;
    std::string source;
};

Result<ModelTables> read_toml(LoadedConfig& loaded, std::string_view text,
                              std::string_view source) {
    toml::table root;
    try {
        root = toml::parse(text, source);
    } catch (const toml::parse_error& e) {
        return Error(Errc::bad_config,
                     fmt::format("{}:{}: {}", source, e.source().begin.line, e.description()));
    }
    for (const auto& [key, node] : root) {
        if (key.str() == "model" && node.is_array_of_tables()) continue;
        auto origin = line_of(source, node);
        const auto value = text_of(node);
        if (!value)
            return wrong_setting(origin, key.str(),
                                 "must be a string, a number, true, false or a list");
        if (auto done = set(loaded, key.str(), *value, std::move(origin)); !done)
            return done.error();
    }
    return ModelTables{std::move(root), std::string(source)};
}

Result<void> read_models(LoadedConfig& loaded, const ModelTables& tables) {
    const auto* list = tables.root["model"].as_array();
    if (!list) return {};
    for (const auto& item : *list)
        if (auto done = read_model_table(loaded, *item.as_table(), tables.source); !done)
            return done;
    return {};
}

Result<ModelTables> read_file(LoadedConfig& loaded, const std::string& path) {
    std::ifstream in(path);
    std::error_code ignored;
    if (!in || std::filesystem::is_directory(path, ignored))
        return invalid("cannot read " + log::printable(path));
    const std::string text{std::istreambuf_iterator<char>(in), {}};
    return read_toml(loaded, text, "file " + log::printable(path));
}

Result<void> read_environment(LoadedConfig& loaded, const char* const* environment) {
    constexpr std::string_view kPrefix = "TUTTI_";
    for (; environment && *environment; ++environment) {
        std::string_view entry = *environment;
        const auto equals = entry.find('=');
        if (!entry.starts_with(kPrefix) || equals == std::string_view::npos) continue;
        const auto name = entry.substr(0, equals);
        std::string key(name.substr(kPrefix.size()));
        std::ranges::transform(key, key.begin(),
                               [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
        // Other programs of ours have variables too; a name that is no setting is not an error.
        if (std::ranges::count(settings(), key, &Setting::key) == 0) continue;
        if (auto done =
                set(loaded, key, entry.substr(equals + 1), fmt::format("environment {}", name));
            !done)
            return done;
    }
    return {};
}

Result<void> validate_counts(const Config& c) {
    if (c.scale_limit < 1) return invalid("scale_limit: must be at least 1");
    if (c.scribes < 1) return invalid("scribes: at least one is needed");
    const auto is_too_many = [&](int count) { return count > c.scale_limit; };
    constexpr std::string_view kTooMany = "{}: {} is more than scale_limit, {}";
    if (is_too_many(c.gateways))
        return invalid(fmt::format(kTooMany, "gateways", c.gateways, c.scale_limit));
    if (is_too_many(c.scribes))
        return invalid(fmt::format(kTooMany, "scribes", c.scribes, c.scale_limit));
    return {};
}

Result<void> validate_replicas(const Config& c) {
    for (const auto& id : c.models)
        if (const int replicas = most_replicas(*find_model(c, id)); replicas > c.scale_limit)
            return invalid(fmt::format("replicas of model {}: {} is more than scale_limit, {}", id,
                                       replicas, c.scale_limit));
    return {};
}

Result<void> validate_models(LoadedConfig& loaded) {
    if (auto done = check_known_models(loaded); !done) return done;
    return validate_replicas(loaded.config);
}

// What its key is read from reaches the processes that need it.
Result<void> validate_audio_store(const Config& c) {
    if (auto done = blob::check(c.audio_store); !done)
        return invalid("audio_store_" + done.error().context);
    if (!c.audio_store.is_set()) return {};
    for (const auto& name : c.audio_store.key_env)
        if (std::ranges::count(c.pass_environment, name) == 0)
            return invalid(fmt::format("audio_store_key_env: pass_environment must name {} too",
                                       log::printable(name)));
    return {};
}

Result<void> validate(const Config& c) {
    if (auto done = validate_counts(c); !done) return done;
    if (auto done = validate_audio_store(c); !done) return done;
    static const std::set<std::string_view> levels = {"debug", "info", "warn", "error"};
    if (!levels.contains(c.log_level))
        return invalid("log_level: must be debug, info, warn or error");
    if (!std::set<std::string>{"off", "loopback", "any"}.contains(c.admin_access))
        return invalid("admin_access: must be off, loopback or any");
    if (c.backlog < 1) return invalid("backlog: must be at least 1");
    for (auto limit :
         {c.boot_limit, c.gateway_beat_limit, c.engine_beat_limit, c.scribe_beat_limit})
        if (limit < std::chrono::seconds(2))
            return invalid("boot_limit and the beat limits: must be at least 2 seconds");
    if (c.max_frame_bytes < 1024) return invalid("max_frame_bytes: must be at least 1024");
    return {};
}

}  // namespace

Result<Config> parse(std::string_view toml_text, std::string_view name) {
    LoadedConfig loaded;
    const auto tables = read_toml(loaded, toml_text, name);
    if (!tables) return tables.error();
    if (auto done = read_models(loaded, *tables); !done) return done.error();
    if (auto done = validate_models(loaded); !done) return done.error();
    if (auto done = validate(loaded.config); !done) return done.error();
    return std::move(loaded.config);
}

Result<Config> load(const Sources& sources) {
    auto loaded = load_with_origins(sources);
    if (!loaded) return loaded.error();
    return std::move(loaded->config);
}

Result<LoadedConfig> load_with_origins(const Sources& sources) {
    LoadedConfig loaded;
    ModelTables tables;
    if (sources.file) {
        auto read = read_file(loaded, *sources.file);
        if (!read) return read.error();
        tables = std::move(*read);
    }
    if (auto done = read_environment(loaded, sources.environment); !done) return done.error();
    for (const auto& [key, value] : sources.flags)
        if (auto done = set(loaded, key, value, "flag"); !done) return done.error();
    if (auto done = validate(loaded.config); !done) return done.error();
    if (loaded.config.models_dir.empty()) loaded.config.models_dir = sources.usual_models_dir;
    if (sources.leaves_models_out) return loaded;
    add_model_folders(loaded);
    if (auto done = read_models(loaded, tables); !done) return done.error();
    drop_missing_silero(loaded);
    if (auto done = validate_models(loaded); !done) return done.error();
    return loaded;
}

std::string print(const Config& config) {
    std::string out;
    for (const auto& setting : settings())
        out +=
            fmt::format("{} = {}\n", setting.key, toml_value(setting.show(config), setting.kind));
    for (const auto& model : config.known_models) {
        out += "\n[[model]]\n";
        for (const auto& setting : model_settings())
            out += fmt::format("{} = {}\n", setting.key,
                               toml_value(setting.show(model), setting.kind));
    }
    return out;
}

std::vector<SettingHelp> setting_helps() {
    std::vector<SettingHelp> helps;
    const Config defaults;
    for (const auto& setting : settings())
        helps.push_back({setting.key, setting.help, setting.show(defaults), setting.needs_restart});
    return helps;
}

std::vector<std::string_view> changes_that_need_restart(const Config& from, const Config& to) {
    std::vector<std::string_view> keys;
    for (const auto& setting : settings())
        if (setting.needs_restart && setting.show(from) != setting.show(to))
            keys.push_back(setting.key);
    return keys;
}

}  // namespace tutti::config
