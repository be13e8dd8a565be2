// SPDX-License-Identifier: Apache-2.0
// Where known models come from besides the built-in ones: the folders in models_dir, and [[model]]
// tables, which come later and win; internal to config/.
#pragma once

#include "config/load.h"

#include <toml++/toml.h>

#include <string_view>

namespace tutti::config {

// Each folder of models_dir with a good card becomes a known model, in the place of a built-in one
// of the same id. One with a broken card is kept as such; a models_dir that cannot be read is
// warned of.
void add_model_folders(LoadedConfig& loaded);

// Adds a known model, or changes the known one of the same id. Of a `directory` with a model.toml
// the card gives what the table does not say.
Result<void> read_model_table(LoadedConfig& loaded, const toml::table& table,
                              std::string_view source);

// Leaves the built-in model of voice activity out of the models served, with a warning, when nobody
// asked for it by `models` and what it needs is not installed.
void drop_missing_silero(LoadedConfig& loaded);

// What is wrong with the served models, in one line. What is broken but not served is warned of.
Result<void> check_known_models(LoadedConfig& loaded);

}  // namespace tutti::config
