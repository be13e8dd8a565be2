// SPDX-License-Identifier: Apache-2.0
// English names of languages, as OpenAI's verbose_json spells them ("english" for "en").
#pragma once

#include <string_view>

namespace tutti::dialect {

// `tag` is ISO 639-1, a region behind a hyphen is ignored; an unknown tag is its own name.
std::string_view english_name_of(std::string_view tag);

}  // namespace tutti::dialect
