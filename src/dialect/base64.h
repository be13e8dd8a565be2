// SPDX-License-Identifier: Apache-2.0
// Base64 of RFC 4648, the standard alphabet, decoded strictly: padding required, no white space.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tutti::dialect {

// nullopt when `text` is not base64.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace tutti::dialect
