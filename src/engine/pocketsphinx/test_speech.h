// SPDX-License-Identifier: Apache-2.0
// Speech for the tests of this folder, and a recognizer's way through it.
#pragma once

#include "engine/recognizer.h"

#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace tutti::engine {

inline constexpr const char* kModel = "/usr/share/pocketsphinx/model/en-us";

// Empty when there is no such file.
inline std::vector<std::int16_t> load_wav(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::string bytes{std::istreambuf_iterator<char>(file), {}};
    constexpr std::size_t kWavHeader = 44;
    if (bytes.size() < kWavHeader) return {};
    std::vector<std::int16_t> samples((bytes.size() - kWavHeader) / 2);
    std::memcpy(samples.data(), bytes.data() + kWavHeader, samples.size() * 2);
    return samples;
}

// Synthetic speech of flite; empty when there is no flite.
inline std::vector<std::int16_t> speak(const std::string& text) {
    auto name = (std::filesystem::temp_directory_path() / "speech-XXXXXX").string();
    const int fd = ::mkstemp(name.data());
    if (fd >= 0) ::close(fd);
    const auto command = "flite -voice slt -t '" + text + "' -o " + name + " 2>/dev/null";
    const bool has_spoken = std::system(command.c_str()) == 0;
    auto samples = load_wav(name);
    std::filesystem::remove(name);
    if (!has_spoken) samples.clear();
    return samples;
}

inline Outcome recognize(Recognizer& recognizer, std::span<const std::int16_t> samples,
                         std::size_t chunk, StreamOptions options = {}) {
    auto stream = recognizer.create_stream(std::move(options));
    const auto decode = [&] {
        while (stream->is_ready()) {
            RecognizerStream* one = stream.get();
            recognizer.decode({&one, 1});
        }
    };
    for (std::size_t at = 0; at < samples.size(); at += chunk) {
        stream->accept_audio(samples.subspan(at, std::min(chunk, samples.size() - at)));
        decode();
    }
    stream->input_finished(Ending::complete);
    decode();
    return stream->result();
}

}  // namespace tutti::engine
