// SPDX-License-Identifier: Apache-2.0
// The models that lie in a folder of model folders, the server's `models_dir`.
//
//   for (const auto& found : find_folders(models_dir).value()) …
//
// Only direct subfolders that hold a model.toml count; names that begin with '.' are those of work
// in progress (a pull, a removal). Blocks on the disk. A folder that is not there has no models and
// is no error; one that cannot be read is.
#pragma once

#include "models/model_card.h"

#include <filesystem>
#include <vector>

namespace tutti::models {

struct ModelFolder {
    std::filesystem::path path;
    Result<ModelCard> card;  // an error says what is wrong with it

    // The card's, or the folder's name when there is no readable card.
    std::string id() const;
};

// By name. Of two folders whose cards have the same id, the later has an error instead.
Result<std::vector<ModelFolder>> find_folders(const std::filesystem::path& models_dir);

// Whether a folder is a model's: it holds something called model.toml.
bool has_card(const std::filesystem::path& folder);

// Where models are when no setting says so: for root, and for accounts without a home,
// /var/lib/tutti/models; else $XDG_DATA_HOME/tutti/models or ~/.local/share/tutti/models.
std::filesystem::path usual_models_dir();

}  // namespace tutti::models
