// SPDX-License-Identifier: Apache-2.0
// What a client of OpenAI's POST /v1/audio/transcriptions asks for, read from its multipart form.
// Names are accepted with and without "[]". temperature, logprobs and speaker names are checked at
// most and change nothing: the engines have no use for them.
//
// Our own extensions of stream=true: include[]=progress adds "tutti.progress" events, and
// timestamp_granularities[] gives the last event what verbose_json has.
#pragma once

#include "dialect/query.h"
#include "dialect/request_error.h"

#include <string>
#include <string_view>
#include <vector>

namespace tutti::dialect {

enum class OpenAiFormat { json, text, srt, vtt, verbose_json, diarized_json };

struct OpenAiRequest {
    std::string model;
    std::string language;  // empty = the model's own
    OpenAiFormat format = OpenAiFormat::json;
    double temperature = 0;
    std::vector<std::string> hotwords;  // the prompt and keywords
    bool wants_segments = true;         // of verbose_json, as wants_words
    bool wants_words = false;
    bool names_granularities = false;  // the two above are the client's wish, not a default
    // Server-sent events; the format does not matter then.
    bool wants_stream = false;
    bool wants_progress = false;
};

enum class FilePart { present, missing };

Parsed<OpenAiRequest> parse_openai_transcription(const Fields& form, FilePart file);

}  // namespace tutti::dialect
