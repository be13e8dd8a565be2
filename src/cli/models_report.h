// SPDX-License-Identifier: Apache-2.0
// What `tutti models list` shows. Pure.
#pragma once

#include "depot/catalogue.h"
#include "depot/shelf.h"

#include <set>
#include <string>
#include <vector>

namespace tutti::cli {

// A table, or one line that there is none.
std::string models_text(const std::vector<depot::ShelvedModel>& models,
                        const std::string& models_dir);
std::string models_json(const std::vector<depot::ShelvedModel>& models);

// `present`: ids that are in models_dir.
std::string catalogue_text(const depot::Catalogue& catalogue, const std::set<std::string>& present);
std::string catalogue_json(const depot::Catalogue& catalogue, const std::set<std::string>& present);

}  // namespace tutti::cli
