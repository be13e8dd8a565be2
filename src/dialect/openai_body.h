// SPDX-License-Identifier: Apache-2.0
// What OpenAI's clients read: transcriptions in every format, lists of models, errors, and the
// server-sent events of a transcription in progress.
//
// In verbose_json the fields that describe Whisper's decoder have no counterpart here and carry
// neutral values: tokens is empty, compression_ratio 1, no_speech_prob 0. avg_logprob is the mean
// logarithm of the words' confidence.
#pragma once

#include "dialect/openai_request.h"
#include "proto/job_messages.h"
#include "proto/transcript.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::dialect {

struct RenderedBody {
    std::string_view content_type;
    std::string text;
};

RenderedBody openai_body(const proto::Transcript& transcript, const OpenAiRequest& request);

struct ModelCard {
    std::string id;
    std::int64_t created = 0;  // Unix seconds
    std::string owned_by;
    // Ours, beyond what OpenAI tells.
    std::string kind;
    std::string state;
    std::vector<std::string> languages;  // empty = any
    std::vector<std::string> aliases;
};
std::string openai_models_body(const std::vector<ModelCard>& models);
std::string openai_model_body(const ModelCard& model);

// {"error":{"message","type","param","code"}}
std::string openai_error_body(const RequestError& error);

// Events of one streamed transcription, each ready to be written. The deltas strung together are
// the text of the last event.
//
//   on_utterance* / on_progress*, then finish or fail
class OpenAiStream {
  public:
    // Empty when the utterance has no text.
    std::string on_utterance(const proto::Utterance& utterance);
    std::string on_progress(const proto::Progress& progress) const;
    // At least one delta comes before the end, an empty one if nothing was said; for diarized_json
    // the segments with their speakers, too.
    std::string finish(const proto::Transcript& transcript, const OpenAiRequest& request);
    std::string fail(const RequestError& error) const;

  private:
    std::string text_;
};

}  // namespace tutti::dialect
