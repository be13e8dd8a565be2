// SPDX-License-Identifier: Apache-2.0
// A WAV file of 16 kHz, mono, 16 bits, for tests.
#pragma once

#include "proto/transcript.h"

#include <cstring>
#include <span>
#include <string>

namespace tutti::engine {

inline std::string clip_of(std::span<const std::int16_t> samples) {
    const auto little = [](auto value) {
        std::string bytes(sizeof value, '\0');
        std::memcpy(bytes.data(), &value, sizeof value);
        return bytes;
    };
    const auto size = static_cast<std::uint32_t>(samples.size_bytes());
    const std::string data(reinterpret_cast<const char*>(samples.data()), samples.size_bytes());
    return "RIFF" + little(size + 36) + "WAVEfmt " + little(std::uint32_t{16}) +
           little(std::uint16_t{1}) + little(std::uint16_t{1}) +
           little(std::uint32_t{proto::kSampleRate}) +
           little(std::uint32_t{proto::kSampleRate * 2}) + little(std::uint16_t{2}) +
           little(std::uint16_t{16}) + "data" + little(size) + data;
}

}  // namespace tutti::engine
