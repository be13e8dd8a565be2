// SPDX-License-Identifier: Apache-2.0
// What the card of an upstream model says: which server recognises, in which words it is asked,
// and within what limits. docs/operations.md, "A model on another server", lists the options.
//
//   auto options = read_upstream_options(card, folder);   // pure
//   auto key = load_key(*options);                        // reads the file or the environment
//
// Errors: Errc::bad_config, naming model and option, never a key.
#pragma once

#include "engine/upstream/http_pool.h"

#include "models/model_card.h"

#include <filesystem>

namespace tutti::engine {

enum class UpstreamApi {
    transcriptions,  // multipart, as OpenAI's POST /v1/audio/transcriptions
    chat,            // JSON, as chat completions of a model that takes audio
};

// How the upstream gets the audio of an utterance.
enum class AudioForm {
    in_request,
    link,  // to an object in the audio store
};

struct UpstreamOptions {
    std::string model;  // our id
    std::string url;    // complete: requests go to exactly this one
    UpstreamApi api = UpstreamApi::transcriptions;
    std::string remote_model;
    std::string language;  // told to the upstream; empty = it finds out
    std::string prompt;
    bool words = false;  // ask for word times; transcriptions only
    AudioForm audio = AudioForm::in_request;
    // Of links: the field of the form, or how the part of the message holds it.
    std::string audio_url_field;
    bool audio_url_is_object = false;
    bool keeps_audio = false;  // in the audio store, after the answer
    int max_tokens = 0;        // of the answer; chat only; 0 = the upstream's default
    std::string key_file;      // empty = none
    std::string key_env;       // empty = none
    bool is_private = true;    // the way there is encrypted or stays on this machine
    PoolOptions pool;
};

Result<UpstreamOptions> read_upstream_options(const models::ModelCard& card,
                                              const std::filesystem::path& folder);

// Empty when the card names none. Warns of a file that every user may read.
Result<std::string> load_key(const UpstreamOptions& options);

}  // namespace tutti::engine
