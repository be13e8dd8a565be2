// SPDX-License-Identifier: Apache-2.0
// UTF-8 where it comes from strangers: file names and parameters may hold any bytes, JSON and close
// reasons must not.
#pragma once

#include <string>
#include <string_view>

namespace tutti::dialect {

// `text` with every byte that is not part of a valid sequence replaced by U+FFFD.
std::string to_valid_utf8(std::string_view text);

// The longest prefix of at most `byte_limit` bytes that cuts no character in two. Needs valid
// UTF-8.
std::string_view utf8_prefix(std::string_view text, std::size_t byte_limit);

// Characters (code points) of valid UTF-8.
std::size_t character_count(std::string_view text);

}  // namespace tutti::dialect
