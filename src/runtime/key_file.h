// SPDX-License-Identifier: Apache-2.0
// Keys that the server makes for itself: random bytes in a file of its own, and on their way to a
// child in a descriptor.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

#include <filesystem>
#include <string>

namespace tutti::runtime {

std::string random_key(std::size_t size);

// The key in that file, which is made with its folders when it is not there; of several processes
// that make it at once all get the same. Errors: Errc::bad_config when something is there that is
// no such key, belongs to another user or can be read by one; a system error else.
Result<std::string> load_or_make_key(const std::filesystem::path& path, std::size_t size);

// A descriptor with the key, for a child to inherit, and the key of such a one, which is closed.
Result<UniqueFd> key_descriptor(const std::string& key);
Result<std::string> take_inherited_key(int fd, std::size_t size);

// Where a server keeps what outlives it when no setting says so: /var/lib/tutti/state for root,
// else $XDG_STATE_HOME/tutti or ~/.local/state/tutti; empty for accounts without a home.
std::filesystem::path usual_state_dir();

}  // namespace tutti::runtime
