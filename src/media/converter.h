// SPDX-License-Identifier: Apache-2.0
// Decoded frames of any format, rate and channel layout to 16 kHz mono signed 16-bit samples.
// Follows a stream that changes its format on the way. Not-a-number becomes 0, floats beyond
// [-1,1] are clipped, before the resampler could spread them.
//
// Channels whose places are known are mixed as those places are usually heard; channels that are
// only numbered count alike, so that nobody's microphone is lost.
#pragma once

#include "base/error.h"
#include "media/av.h"

#include <cstdint>
#include <vector>

namespace tutti::media {

class Converter {
  public:
    // Appends what `frame` yields; its samples may be changed in place.
    Result<void> convert(AVFrame& frame, std::vector<std::int16_t>& out);
    // Appends what the resampler still holds.
    Result<void> finish(std::vector<std::int16_t>& out);

  private:
    struct Format {
        int sample_format = -1;
        int sample_rate = 0;
        int channels = 0;
        std::uint64_t places = 0;  // libav's channel mask; 0 = only numbered
        bool operator==(const Format&) const = default;
    };
    Result<void> open(const Format& format);
    Result<void> run(const std::uint8_t** planes, int count, std::vector<std::int16_t>& out);

    Format format_;
    AvPtr<SwrContext> resampler_;  // for format_
};

}  // namespace tutti::media
