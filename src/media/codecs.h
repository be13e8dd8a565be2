// SPDX-License-Identifier: Apache-2.0
// What may be decoded: containers by the demuxer that is forced on them, and the names of the
// audio decoders. Nothing else of libav is reachable for a client's bytes.
#pragma once

#include "audio/sniff.h"

namespace tutti::media {

// libav's short name of the demuxer.
const char* demuxer_name(audio::Container container);

// Comma-separated, as libav's codec_whitelist takes it.
extern const char kDecoderNames[];

// More than this is no speech recording, and every further channel costs memory and time.
inline constexpr int kMaxChannels = 8;
inline constexpr int kMinSampleRate = 4000;
inline constexpr int kMaxSampleRate = 192000;

}  // namespace tutti::media
