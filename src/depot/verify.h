// SPDX-License-Identifier: Apache-2.0
// Whether the files of a model are those its card names, to the last bit.
#pragma once

#include "depot/work.h"
#include "models/model_card.h"

#include <filesystem>
#include <string>
#include <vector>

namespace tutti::depot {

// Lower-case hexadecimal SHA-256 of a file. `done_before` and `total` are for progress over
// several.
Result<std::string> digest_of(const std::filesystem::path& file, const Work& work,
                              std::uint64_t done_before = 0, std::uint64_t total = 0);

// One line for each file that is missing, of another size or of another digest; empty = all are
// well. An error only when the work was ended.
Result<std::vector<std::string>> find_faults(const models::ModelCard& card,
                                             const std::filesystem::path& folder, const Work& work);

}  // namespace tutti::depot
