// SPDX-License-Identifier: Apache-2.0
#include "audio/sample_format.h"

#include "base/check.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstring>
#include <span>

namespace tutti::audio {
namespace {

static_assert(std::endian::native == std::endian::little, "samples are little-endian");

// G.711: a code is a sign, a three-bit segment and a four-bit step, sent with bits inverted (all
// of them in mu-law, every other one in A-law).
constexpr std::int16_t expand_mulaw(unsigned code) {
    const unsigned bits = ~code & 0xff;
    const int magnitude = (static_cast<int>((bits & 0x0f) << 3 | 0x84) << (bits >> 4 & 7)) - 0x84;
    return static_cast<std::int16_t>(bits & 0x80 ? -magnitude : magnitude);
}

constexpr std::int16_t expand_alaw(unsigned code) {
    const unsigned bits = code ^ 0x55;
    const unsigned segment = bits >> 4 & 7;
    const unsigned step = (bits & 0x0f) << 4;
    const int magnitude =
        static_cast<int>(segment == 0 ? step + 8 : (step + 0x108) << (segment - 1));
    return static_cast<std::int16_t>(bits & 0x80 ? magnitude : -magnitude);
}

using Table = std::array<std::int16_t, 256>;

constexpr Table table_of(std::int16_t (*expand)(unsigned)) {
    Table table{};
    for (unsigned code = 0; code < table.size(); ++code) table[code] = expand(code);
    return table;
}

constexpr Table kMulaw = table_of(expand_mulaw);
constexpr Table kAlaw = table_of(expand_alaw);

std::int16_t from_float(float value) {
    if (std::isnan(value)) return 0;
    return static_cast<std::int16_t>(std::lrint(std::clamp(value * 32768.f, -32768.f, 32767.f)));
}

// A client's buffer may begin at any address.
template <class T>
T load(const char* at) {
    T value;
    std::memcpy(&value, at, sizeof value);
    return value;
}

template <class ReadSample>
void mix_down(const char* in, std::size_t sample_size, int channels, std::span<std::int16_t> out,
              ReadSample read) {
    for (auto& mean : out) {
        int sum = 0;
        for (int channel = 0; channel < channels; ++channel, in += sample_size) sum += read(in);
        mean = static_cast<std::int16_t>(sum / channels);
    }
}

void decode_frames(const AudioFormat& format, const char* in, std::span<std::int16_t> out) {
    const auto size = static_cast<std::size_t>(bytes_per_sample(format.encoding));
    const auto mix = [&](auto read) { mix_down(in, size, format.channels, out, read); };
    const auto code = [](const char* at) { return static_cast<unsigned char>(*at); };
    switch (format.encoding) {
        case Encoding::linear16:
            if (format.channels == 1) {
                std::memcpy(out.data(), in, out.size_bytes());
                return;
            }
            return mix(load<std::int16_t>);
        case Encoding::mulaw:
            return mix([&](const char* at) { return kMulaw[code(at)]; });
        case Encoding::alaw:
            return mix([&](const char* at) { return kAlaw[code(at)]; });
        case Encoding::float32:
            return mix([](const char* at) { return from_float(load<float>(at)); });
    }
}

}  // namespace

void SampleDecoder::decode(std::string_view bytes, std::vector<std::int16_t>& out) {
    check(format_.channels > 0, "an audio format has channels");
    const auto frame_size = static_cast<std::size_t>(bytes_per_sample(format_.encoding)) *
                            static_cast<std::size_t>(format_.channels);
    const auto decode_to_end = [&](const char* in, std::size_t frames) {
        if (frames == 0) return;
        out.resize(out.size() + frames);
        decode_frames(format_, in, std::span(out).last(frames));
    };

    if (!remainder_.empty()) {
        const auto missing = std::min(frame_size - remainder_.size(), bytes.size());
        remainder_.append(bytes.substr(0, missing));
        bytes.remove_prefix(missing);
        if (remainder_.size() < frame_size) return;
        decode_to_end(remainder_.data(), 1);
        remainder_.clear();
    }
    const auto frames = bytes.size() / frame_size;
    decode_to_end(bytes.data(), frames);
    remainder_.assign(bytes.substr(frames * frame_size));
}

}  // namespace tutti::audio
