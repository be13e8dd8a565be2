// SPDX-License-Identifier: Apache-2.0
// Turning a client's bytes into the house's samples (signed 16-bit, mono; the rate is untouched).
// Pure; any thread. Bytes that do not fill a whole frame are kept for the next call, so a client
// may cut its messages anywhere.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::audio {

enum class Encoding { linear16, mulaw, alaw, float32 };

struct AudioFormat {
    Encoding encoding = Encoding::linear16;
    int sample_rate = 16000;
    int channels = 1;
    bool operator==(const AudioFormat&) const = default;
};

inline constexpr int kMinSampleRate = 8000;
inline constexpr int kMaxSampleRate = 48000;
inline constexpr int kMaxChannels = 8;

constexpr int bytes_per_sample(Encoding encoding) {
    return encoding == Encoding::float32 ? 4 : encoding == Encoding::linear16 ? 2 : 1;
}

// Decodes little-endian interleaved frames and mixes the channels down to one (their mean).
// NaN becomes 0, floats beyond [-1,1] are clipped.
class SampleDecoder {
  public:
    explicit SampleDecoder(AudioFormat format) : format_(format) {}

    // Appends the samples of all whole frames to `out`.
    void decode(std::string_view bytes, std::vector<std::int16_t>& out);

  private:
    AudioFormat format_;
    std::string remainder_;  // always shorter than one frame
};

}  // namespace tutti::audio
