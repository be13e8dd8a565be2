// SPDX-License-Identifier: Apache-2.0
// What tells later whether stored bytes are still those that were written: SQLite itself has no
// checksums in its file, and a page that a disk lost reads as zeros.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string_view>

namespace tutti::store {

// CRC-32 over the parts and their lengths.
std::int64_t checksum(std::initializer_list<std::string_view> parts);

}  // namespace tutti::store
