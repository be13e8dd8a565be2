// SPDX-License-Identifier: Apache-2.0
// Deepgram's POST /v1/listen: a file as the body, one JSON document as the answer.
#pragma once

#include "dialect/deepgram_request.h"
#include "proto/transcript.h"

#include <chrono>
#include <string>

namespace tutti::dialect {

struct DeepgramFile {
    std::string request_id;  // the same as in the header dg-request-id
    std::string sha256_hex;  // of the body received
    std::chrono::system_clock::time_point created;
};

std::string deepgram_body(const proto::Transcript& transcript, const DeepgramRequest& request,
                          const DeepgramFile& file);

// A WAV header of unknown length: put before raw audio it makes a file any decoder can read.
std::string wav_header_for(const audio::AudioFormat& format);

}  // namespace tutti::dialect
