// SPDX-License-Identifier: Apache-2.0
// The words and phrases a client says to expect, cleaned: control bytes are spaces, outer spaces
// go, none is empty or there twice.
#pragma once

#include "dialect/query.h"
#include "dialect/request_error.h"

#include <string>
#include <vector>

namespace tutti::dialect {

// Every keyterm of a Deepgram query, and every keyword without its intensity ("word:2"). An error
// when they are more, or longer together, than an engine takes (proto::kMaxHotwords).
Parsed<std::vector<std::string>> deepgram_hotwords(const Fields& query);

// The keywords and the prompt of an OpenAI form; the end of one that is too long, as it is a text
// that came before.
Parsed<std::vector<std::string>> openai_hotwords(const Fields& form);

// The words of whoAsr's field "hotword", which stand between spaces or, as in its own examples,
// semicolons. The same limits.
Parsed<std::vector<std::string>> whoasr_hotwords(const Fields& form);

}  // namespace tutti::dialect
