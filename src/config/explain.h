// SPDX-License-Identifier: Apache-2.0
// A configuration as `tutti serve --check` shows it.
#pragma once

#include "config/load.h"

#include <string>

namespace tutti::config {

// As TOML that parse() turns into an equal Config, each line with where its value came from:
//
//   port = 9000             # file tutti.toml:3
//   spool_dir = "/var/tmp"  # default
std::string explain(const LoadedConfig& loaded);

// "default" for what no source has set.
std::string_view origin_of(const LoadedConfig& loaded, std::string_view key);

}  // namespace tutti::config
