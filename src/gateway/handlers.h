// SPDX-License-Identifier: Apache-2.0
// One coroutine a kind of request: it reads the body and returns the answer, in its protocol's own
// shape, errors included. handlers_<protocol>.cc hold them.
#pragma once

#include "dialect/whoasr_models.h"
#include "gateway/exchange.h"
#include "gateway/routes.h"
#include "gateway/services.h"

namespace tutti::gateway {

// Checks shared by the handlers.

// The served model that recognises speech, is meant by `name` and knows `language`.
dialect::Parsed<const config::Model*> choose_model(const config::Config& config,
                                                   std::string_view name,
                                                   std::string_view language);

// The first served model of which an engine aligns; when none runs, one of kind alignment, which
// may be loaded; or nullptr.
const config::Model* find_aligner(const Services& services);

// What is said of a model that cannot be used now; nullptr has no id.
struct Standing {
    std::string_view id;
    proto::ModelState state;
};
Standing standing_of(const Services& services, const config::Model* model);

// Our models in the places of whoAsr's types.
dialect::WhoasrModels whoasr_models(const Services& services);

// An error as `protocol` tells it: status, body, headers.
Response error_response(dialect::Protocol protocol, const dialect::RequestError& error,
                        std::string_view request_id);

inline dialect::RequestError as_request_error(Error error) {
    return {std::move(error), {}, {}};
}

// What is wanted of a file besides its words.
struct FileWishes {
    std::string_view text = {};  // to be aligned
    std::vector<std::string> hotwords = {};
    bool marks = false;  // punctuation, if anybody can put it there
    // Who speaks; nullptr = nobody asks. If it is needed, a failure to tell is one of the request.
    const config::Model* speaker_model = nullptr;
    bool needs_speakers = false;
};

// Runs `file` through a scribe while the client waits. Words are shown as they are written, and
// have their speakers, as far as that was wished for and could be done.
asio::awaitable<Result<proto::Transcript>> recognise(Services& services, Exchange& exchange,
                                                     int file, const config::Model& model,
                                                     FileWishes wishes);

// Has the utterances punctuated if the recogniser does not do so itself and a model that does is
// served. True when they have marks in the end; otherwise they are as they were.
asio::awaitable<bool> add_marks(Services& services, const config::Model& recogniser,
                                std::vector<proto::Utterance>& utterances);

// The model that tells speakers, for a request whose parameter `param` needs one.
dialect::Parsed<const config::Model*> need_speaker_model(const Services& services,
                                                         std::string_view param,
                                                         std::string_view value);

// nullopt: the answer was a stream of events and is already written.
asio::awaitable<std::optional<Response>> handle_openai_transcription(Services& services,
                                                                     Exchange& exchange);
asio::awaitable<Response> handle_deepgram_file(Services& services, Exchange& exchange);
asio::awaitable<Response> handle_whoasr_recognize(Services& services, Exchange& exchange);
asio::awaitable<Response> handle_whoasr_timestamp(Services& services, Exchange& exchange);
asio::awaitable<Response> handle_whoasr_vad(Services& services, Exchange& exchange);
asio::awaitable<Response> handle_whoasr_punctuation(Services& services, Exchange& exchange);
asio::awaitable<Response> handle_kn_demo_upload(Services& services, Exchange& exchange);

asio::awaitable<Response> handle_whoasr_load(Services& services, Exchange& exchange);
asio::awaitable<Response> handle_whoasr_unload(Services& services, Exchange& exchange,
                                               std::string_view type);
// All models when `id` is empty.
asio::awaitable<Response> handle_admin_models(Services& services, Exchange& exchange,
                                              std::string_view id);
asio::awaitable<Response> handle_admin_change(Services& services, Exchange& exchange,
                                              std::string_view verb);

// Answered from memory.
Response whoasr_info_response(const Services& services);
Response whoasr_config_response(const Services& services, const Exchange& exchange,
                                std::string_view type);
Response openai_models_response(const Services& services);
Response openai_model_response(const Services& services, const Exchange& exchange,
                               std::string_view id);
Response site_response(const Services& services, const Exchange& exchange);
Response preflight_response(const Exchange& exchange, const std::string& allowed);
Response health_response(const Services& services);
Response livez_response();
Response readyz_response(const Services& services);
Response metrics_response(const Services& services);

}  // namespace tutti::gateway
