// SPDX-License-Identifier: Apache-2.0
// Putting model folders into a models_dir and taking them out, each by one rename: who reads the
// folder sees a model whole, or not at all.
//
// Folders whose names begin with '.' are ours: ".new-*" is being made by a pull, ".old-*" is what
// was taken out and waits to be deleted, ".partial" holds downloads.
#pragma once

#include "models/model_folders.h"

#include <filesystem>
#include <string>
#include <vector>

namespace tutti::depot {

// A model in a models_dir as `tutti models list` shows it.
struct ShelvedModel {
    models::ModelFolder folder;
    std::uint64_t bytes = 0;  // of all its files, the card's and others
    std::string fault;        // of the card, or of a file that is missing or of the wrong size

    std::string id() const { return folder.id(); }
};

Result<std::vector<ShelvedModel>> list_models(const std::filesystem::path& models_dir);

// The folder of a model. Refuses what is not in models_dir itself: no such id, or a link to
// somewhere else.
Result<models::ModelFolder> find_model(const std::filesystem::path& models_dir,
                                       const std::string& id);

// Makes models_dir if need be, and deletes what former removals left.
Result<void> prepare(const std::filesystem::path& models_dir);

// Moves a finished folder beside the others, in the place of the model of that id if there is one.
// Everything is on the disk before it can be seen. REQUIRES: `folder` lies on the same file system.
Result<std::filesystem::path> put_in_place(const std::filesystem::path& folder,
                                           const std::filesystem::path& models_dir,
                                           const std::string& id);

// Takes a folder out of models_dir and deletes it.
Result<void> take_out(const models::ModelFolder& folder, const std::filesystem::path& models_dir);

}  // namespace tutti::depot
