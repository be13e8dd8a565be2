// SPDX-License-Identifier: Apache-2.0
// A model's tokens file: a line "symbol id" for each thing the model can put out. The library ends
// the process over a bad one, or throws when an id comes up that has no line; so it is read here
// first.
#pragma once

#include "base/error.h"

#include <filesystem>
#include <set>
#include <string>
#include <string_view>

namespace tutti::engine::sherpa {

struct TokenFile {
    std::set<int> ids;
    std::set<std::string> symbols;
    bool has_blank = false;  // "<blk>", "<eps>" or "<blank>"
};

// A line with an id alone stands for the space.
Result<TokenFile> parse_tokens(std::string_view text, std::string_view origin);
Result<TokenFile> load_tokens(const std::filesystem::path& file);

}  // namespace tutti::engine::sherpa
