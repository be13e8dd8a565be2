// SPDX-License-Identifier: Apache-2.0
// Models that can be pulled by name: catalogue.toml, which is part of the program.
#pragma once

#include "models/model_card.h"

#include <string>
#include <string_view>
#include <vector>

namespace tutti::depot {

// An archive, or a plain file if its name is not one of an archive.
struct Download {
    std::string url;
    std::uint64_t bytes = 0;  // 0 = not known
    std::string sha256;       // empty = not known

    bool operator==(const Download&) const = default;
};

struct CatalogueEntry {
    models::ModelCard card;  // sizes and digests of its files may be missing
    std::vector<Download> downloads;

    // Whether what arrives can be compared with digests.
    bool has_digests() const;
};

struct Catalogue {
    std::vector<CatalogueEntry> entries;

    const CatalogueEntry* find(std::string_view id) const;
};

// `origin` names the text in errors, which are Errc::bad_config.
Result<Catalogue> parse_catalogue(std::string_view toml, std::string_view origin);

// The one in the program. Its text is checked by a test; it cannot fail.
const Catalogue& built_in_catalogue();

}  // namespace tutti::depot
