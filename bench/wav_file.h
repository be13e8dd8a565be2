// SPDX-License-Identifier: Apache-2.0
// Reads a 16-bit mono WAV file of 16 kHz whole, which is all that the benchmark material is.
#pragma once

#include "base/error.h"
#include "proto/transcript.h"

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace tutti::bench {

inline Result<std::vector<std::int16_t>> load_wav(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    if (!file) return errno_error("open " + path);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    const auto number = [&](std::size_t at, std::size_t size) {
        std::uint32_t value = 0;
        std::memcpy(&value, bytes.data() + at, size);
        return value;
    };
    if (!bytes.starts_with("RIFF"))
        return Error(Errc::undecodable_audio, path + ": not a WAV file");

    bool is_right_format = false;
    for (std::size_t at = 12; at + 8 <= bytes.size();) {
        const auto id = bytes.substr(at, 4);
        const std::size_t size = number(at + 4, 4);
        at += 8;
        if (id == "fmt " && at + 16 <= bytes.size()) {
            is_right_format = number(at, 2) == 1 && number(at + 2, 2) == 1 &&
                              number(at + 4, 4) == proto::kSampleRate && number(at + 14, 2) == 16;
        } else if (id == "data") {
            if (!is_right_format) break;
            std::vector<std::int16_t> samples(std::min(size, bytes.size() - at) / 2);
            std::memcpy(samples.data(), bytes.data() + at, samples.size() * 2);
            return samples;
        }
        at += size + size % 2;
    }
    return Error(Errc::undecodable_audio, path + ": not 16-bit mono PCM of 16 kHz");
}

}  // namespace tutti::bench
