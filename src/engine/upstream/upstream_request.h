// SPDX-License-Identifier: Apache-2.0
// The request that asks an upstream server for the text of an utterance. Pure but for a random
// boundary.
#pragma once

#include "engine/upstream/upstream_options.h"

#include <cstdint>
#include <span>

namespace tutti::engine {

// With the audio itself. `key` may be empty: then none is sent. Hotwords stand behind the card's
// prompt.
HttpRequest make_request(const UpstreamOptions& options, const std::string& key,
                         std::span<const std::int16_t> samples,
                         std::span<const std::string> hotwords = {});
// With a link to it.
HttpRequest make_link_request(const UpstreamOptions& options, const std::string& key,
                              const std::string& link, std::span<const std::string> hotwords = {});

// A WAV file of 16 kHz mono. Shorter audio than servers take is followed by silence.
std::string wav_of(std::span<const std::int16_t> samples);

std::string encode_base64(std::string_view bytes);

}  // namespace tutti::engine
