// SPDX-License-Identifier: Apache-2.0
// Random identifiers.
#pragma once

#include <cstdint>
#include <string>

namespace tutti {

// A random UUID (version 4) in its 36-character form.
std::string random_uuid();

// `bytes` random bytes as lower-case hex.
std::string random_hex(std::size_t bytes);

}  // namespace tutti
