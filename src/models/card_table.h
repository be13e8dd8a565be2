// SPDX-License-Identifier: Apache-2.0
// A card that is a table of a larger TOML file.
#pragma once

#include "models/model_card.h"
#include <toml++/toml.h>

namespace tutti::models {

enum class Digests { needed, optional };

// Where digests are optional, a file may say neither sha256 (then empty) nor size (then 0).
Result<ModelCard> read_card(const toml::table& table, std::string_view origin, Digests digests);

}  // namespace tutti::models
