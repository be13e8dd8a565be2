// SPDX-License-Identifier: Apache-2.0
// What a client of Deepgram's /v1/listen asks for: its query, its credential and, for files, its
// refusals that depend on the body's type. Only syntax is judged here; whether a model exists is
// the gateway's question. Parameters that change nothing here are ignored, as Deepgram does.
#pragma once

#include "dialect/http_request.h"
#include "dialect/live.h"
#include "dialect/request_error.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::dialect {

struct DeepgramRequest {
    // Of a file only model, language, format and hotwords count. A format means that the body is
    // raw audio without a container.
    LiveSettings live;
    bool formats_words = false;  // punctuate or smart_format: punctuated_word is present
    bool wants_utterances = false;
    bool wants_paragraphs = false;
    bool wants_speakers = false;    // of a file
    bool detects_language = false;  // of a file: tells it
    bool wants_speech_started = false;
    bool wants_speech_final = true;
    std::vector<std::string> tags;
    std::string options =
        {};  // of a live stream: the query, the same for whoever asks for the same
};

Parsed<DeepgramRequest> parse_deepgram_live(const Fields& query);
Parsed<DeepgramRequest> parse_deepgram_file(const Fields& query);

// A Content-Type of JSON announces {"url": ...} instead of audio.
bool announces_deepgram_url(std::string_view content_type);

// Why a JSON body is refused: it is no JSON, or it names a URL, which this server does not fetch.
RequestError refuse_deepgram_url(std::string_view body);

struct DeepgramCredential {
    std::string_view secret;
    // The offered subprotocol the upgrade must select; empty when the header carried the secret.
    std::string_view subprotocol;
};

// From "Authorization: Token|Bearer <secret>" or the subprotocol pair "token|bearer", "<secret>"
// that browsers send. Views into the request.
std::optional<DeepgramCredential> find_deepgram_credential(const HttpRequest& request);

// How a live stream is taken up again, in a header or, since pages in browsers cannot set any, in
// the subprotocol pair kResumeProtocol, token. Never in the query, which proxies log.
inline constexpr std::string_view kResumeHeader = "Tutti-Resume-Token";
inline constexpr std::string_view kResumeProtocol = "tutti.resume";

// A view into the request; nullopt when there is none.
std::optional<std::string_view> find_resume_token(const HttpRequest& request);

// The offered subprotocol that an upgrade is to select; empty = none.
std::string_view deepgram_subprotocol(const HttpRequest& request);

}  // namespace tutti::dialect
