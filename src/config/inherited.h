// SPDX-License-Identifier: Apache-2.0
// The configuration that the supervisor hands to its children.
#pragma once

#include "config/load.h"

namespace tutti::config {

// Of the file at a descriptor, which is closed. Called before anything else opens a descriptor.
Result<Config> load_inherited(int fd);

}  // namespace tutti::config
