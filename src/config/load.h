// SPDX-License-Identifier: Apache-2.0
// Reading, checking and printing the configuration.
//
//   auto config = load({.file = "tutti.toml", .environment = environ, .flags = {{"port", "0"}}});
//
// Later sources win: defaults, model folders, file, environment (TUTTI_PORT...), flags. Reads the
// cards in models_dir anew each time; one that is broken fails the loading if its model is served.
// Errors are
// Errc::bad_config and name the source (of a file, the line), the key and what is expected.
#pragma once

#include "base/error.h"
#include "config/config.h"

#include <map>
#include <optional>
#include <string>

namespace tutti::config {

struct Sources {
    std::optional<std::string> file;
    const char* const* environment = nullptr;  // as environ
    std::map<std::string, std::string> flags;  // key -> value
    std::string usual_models_dir;              // models_dir where nothing sets it; empty = none
    bool leaves_models_out =
        false;  // for commands that ask nothing of models, broken ones included
};

// Where values came from: "file tutti.toml:3", "environment TUTTI_PORT", "flag". By key, those of
// models as "model.en-us.replicas", what a card says as "model folder /path/model.toml"; what has
// its default is not there.
using Origins = std::map<std::string, std::string, std::less<>>;

struct LoadedConfig {
    Config config;
    Origins origins;
    std::map<std::string, Error, std::less<>> broken_models;  // by id: what is wrong with the card
    std::vector<std::string> warnings;                        // one line each, for the operator
};

Result<Config> load(const Sources& sources);
Result<LoadedConfig> load_with_origins(const Sources& sources);

// From TOML text alone; `name` is for error messages.
Result<Config> parse(std::string_view toml, std::string_view name);

// As TOML that parse() turns into an equal Config; how the supervisor hands it to its children.
std::string print(const Config& config);

// Keys of what differs between the two and cannot change while the server runs.
std::vector<std::string_view> changes_that_need_restart(const Config& from, const Config& to);

// Key, meaning and default of every setting, for --help.
struct SettingHelp {
    std::string_view key;
    std::string_view help;
    std::string fallback;
    bool needs_restart;
};
std::vector<SettingHelp> setting_helps();

}  // namespace tutti::config
