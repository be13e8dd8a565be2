// SPDX-License-Identifier: Apache-2.0
// Tells the media container from the first bytes of a file or stream. Pure; any thread.
//
//   if (const auto container = sniff(first_bytes)) ...
//
// Only what is named in Container is ever recognised: playlists, subtitles, pictures, archives and
// AVI are nullopt whatever name or content type they came with. More bytes than fewer make the
// answer surer (a second MPEG frame, what follows an ID3 tag); kSniffBytes are always enough, and
// once an answer is given for a prefix a longer one only changes it to refuse or to refine.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

namespace tutti::audio {

enum class Container { wav, flac, ogg, mpeg_audio, mp4, matroska, aiff, caf, amr, adts };

inline constexpr std::size_t kSniffBytes = 64 * 1024;

std::optional<Container> sniff(std::string_view first_bytes);

}  // namespace tutti::audio
