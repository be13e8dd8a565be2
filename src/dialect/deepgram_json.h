// SPDX-License-Identifier: Apache-2.0
// The JSON that Deepgram's live and file answers share.
#pragma once

#include "dialect/json_text.h"
#include "dialect/request_error.h"
#include "proto/transcript.h"

#include <string>
#include <string_view>
#include <vector>

namespace tutti::dialect {

// Formatting here means capitals where sentences begin; models that punctuate have done the rest.
std::string deepgram_text(std::string_view text, bool is_formatted);

json::array deepgram_words(const std::vector<proto::Word>& words, bool is_formatted);

// {"name","version","arch"} of a model.
json::object deepgram_model_info(std::string_view model);

// A UUID that stands for the model and is the same everywhere.
std::string deepgram_model_uuid(std::string_view model);

// {"err_code","err_msg","request_id"}; the message also belongs into the header dg-error when a
// handshake is refused.
std::string deepgram_error_body(const RequestError& error, std::string_view request_id);

}  // namespace tutti::dialect
