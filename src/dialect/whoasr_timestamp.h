// SPDX-License-Identifier: Apache-2.0
// whoAsr's POST /timestamp/predict: when the words of a given text are spoken.
// Errors of a form are detail_body's; failures of the work itself are
// whoasr_timestamp_failure_body's.
#pragma once

#include "dialect/query.h"
#include "dialect/request_error.h"
#include "proto/transcript.h"
#include "proto/worker_messages.h"

#include <optional>
#include <string>

namespace tutti::dialect {

// Bytes of the fields text_content and text_file.
inline constexpr std::size_t kMaxWhoasrText = 64 * 1024;

// The text: text_content, else what text_file holds. An error when the audio part is missing or no
// audio by its name, when there is neither text, or when it is not UTF-8. `filename` is
// audio_file's; nullopt when there was no such part.
Parsed<std::string> parse_whoasr_timestamp(const Fields& form,
                                           const std::optional<std::string>& filename);

// No engine that aligns can be used: none is served (`model` is empty), or this one is not there.
RequestError whoasr_timestamp_not_loaded(std::string_view model, proto::ModelState state);

// One result a word of the text; times in milliseconds.
std::string whoasr_timestamp_body(const proto::Transcript& transcript);

std::string whoasr_timestamp_failure_body(const Error& failure);

}  // namespace tutti::dialect
