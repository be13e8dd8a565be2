// SPDX-License-Identifier: Apache-2.0
#include "audio/sniff.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace tutti::audio {
namespace {

using namespace std::string_view_literals;

std::uint8_t byte_at(std::string_view bytes, std::size_t at) {
    return static_cast<std::uint8_t>(bytes[at]);
}

bool has_at(std::string_view bytes, std::size_t at, std::string_view tag) {
    return bytes.size() >= at && bytes.substr(at).starts_with(tag);
}

// Length of the MPEG audio frame (layers I to III) whose header begins `bytes`; 0 = not a header.
std::size_t mpeg_frame_size(std::string_view bytes) {
    static constexpr std::uint16_t kBitrates[5][16] = {
        {0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448, 0},  // 1, layer I
        {0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 0},     // 1, layer II
        {0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 0},      // 1, layer III
        {0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256, 0},     // 2, layer I
        {0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160, 0},  // 2, layers II and III
    };
    static constexpr std::uint32_t kRates[3] = {44100, 48000, 32000};
    if (bytes.size() < 4 || byte_at(bytes, 0) != 0xff || (byte_at(bytes, 1) & 0xe0) != 0xe0)
        return 0;
    const unsigned version = byte_at(bytes, 1) >> 3 & 3;  // 0 = 2.5, 2 = 2, 3 = 1
    const unsigned layer = 4 - (byte_at(bytes, 1) >> 1 & 3u);
    const unsigned rate_index = byte_at(bytes, 2) >> 2 & 3;
    if (version == 1 || layer == 4 || rate_index == 3) return 0;
    const unsigned row = version == 3 ? layer - 1 : layer == 1 ? 3 : 4;
    const std::uint32_t bitrate = kBitrates[row][byte_at(bytes, 2) >> 4] * 1000u;
    const std::uint32_t rate = kRates[rate_index] >> (version == 3 ? 0 : version == 2 ? 1 : 2);
    const std::uint32_t padding = byte_at(bytes, 2) >> 1 & 1;
    if (bitrate == 0) return 0;
    if (layer == 1) return (12 * bitrate / rate + padding) * 4;
    return (layer == 3 && version != 3 ? 72 : 144) * bitrate / rate + padding;
}

// The same for AAC in ADTS frames.
std::size_t adts_frame_size(std::string_view bytes) {
    if (bytes.size() < 7 || byte_at(bytes, 0) != 0xff || (byte_at(bytes, 1) & 0xf6) != 0xf0)
        return 0;
    if ((byte_at(bytes, 2) >> 2 & 15) > 12) return 0;
    const std::size_t size =
        (byte_at(bytes, 3) & 3u) << 11 | byte_at(bytes, 4) * 8u | byte_at(bytes, 5) >> 5;
    return size < 7 ? 0 : size;
}

// Two sync bytes are found in any noise: where a second frame must be, it has to be.
bool has_two_frames(std::string_view bytes, std::size_t (*frame_size)(std::string_view)) {
    const auto first = frame_size(bytes);
    if (first == 0) return false;
    return bytes.size() < first + 7 || frame_size(bytes.substr(first)) != 0;
}

std::optional<Container> sniff_frames(std::string_view bytes) {
    if (has_two_frames(bytes, mpeg_frame_size)) return Container::mpeg_audio;
    if (has_two_frames(bytes, adts_frame_size)) return Container::adts;
    return std::nullopt;
}

// ISO media is also the dress of still pictures.
bool is_picture_brand(std::string_view brand) {
    static constexpr std::array kPictures = {"heic"sv, "heix"sv, "heim"sv, "heis"sv, "hevc"sv,
                                             "mif1"sv, "msf1"sv, "avif"sv, "avis"sv, "jpeg"sv};
    return std::find(kPictures.begin(), kPictures.end(), brand) != kPictures.end();
}

std::optional<Container> sniff_after_id3(std::string_view bytes) {
    if (bytes.size() < 10) return std::nullopt;
    std::size_t size = 10 + (byte_at(bytes, 5) & 0x10u ? 10 : 0);
    for (std::size_t i = 0; i < 4; ++i) size += (byte_at(bytes, 6 + i) & 0x7fu) << (21 - 7 * i);
    if (bytes.size() < size + 4) return Container::mpeg_audio;
    bytes.remove_prefix(size);
    if (bytes.starts_with("fLaC")) return Container::flac;
    // Taggers pad with zeros that they do not count.
    bytes.remove_prefix(std::min(bytes.find_first_not_of('\0'), bytes.size()));
    return bytes.size() < 7 ? Container::mpeg_audio : sniff_frames(bytes);
}

}  // namespace

std::optional<Container> sniff(std::string_view bytes) {
    bytes = bytes.substr(0, kSniffBytes);
    if (has_at(bytes, 8, "WAVE") &&
        (bytes.starts_with("RIFF") || bytes.starts_with("RF64") || bytes.starts_with("BW64")))
        return Container::wav;
    if (bytes.starts_with("FORM") && (has_at(bytes, 8, "AIFF") || has_at(bytes, 8, "AIFC")))
        return Container::aiff;
    if (has_at(bytes, 4, "ftyp") && bytes.size() >= 12) {
        if (is_picture_brand(bytes.substr(8, 4))) return std::nullopt;
        return Container::mp4;
    }
    if (bytes.starts_with("fLaC")) return Container::flac;
    if (bytes.starts_with("OggS")) return Container::ogg;
    if (bytes.starts_with("\x1a\x45\xdf\xa3")) return Container::matroska;
    if (bytes.starts_with("caff")) return Container::caf;
    if (bytes.starts_with("#!AMR\n") || bytes.starts_with("#!AMR-WB\n")) return Container::amr;
    if (bytes.starts_with("ID3")) return sniff_after_id3(bytes);
    return sniff_frames(bytes);
}

}  // namespace tutti::audio
