// SPDX-License-Identifier: Apache-2.0
// Cuts a text that is too long for one call into pieces. Pure.
#pragma once

#include <string_view>
#include <vector>

namespace tutti::policy {

// Pieces of at most `limit` bytes; strung together they are the text. A cut is behind the last
// line or sentence of the piece, else behind its last word, else between two characters; it leaves
// a piece at least half full unless the text has no such place. REQUIRES: limit >= 8.
std::vector<std::string_view> cut_text(std::string_view text, std::size_t limit);

}  // namespace tutti::policy
