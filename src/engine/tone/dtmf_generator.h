// SPDX-License-Identifier: Apache-2.0
// Synthesises DTMF digits: audio whose exact transcript is known. Pure.
//
//   std::vector<std::int16_t> pcm = generate_dtmf("123A*#");
#pragma once

#include "proto/transcript.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>
#include <vector>

namespace tutti::engine {

inline constexpr std::array<double, 4> kDtmfRows{697, 770, 852, 941};
inline constexpr std::array<double, 4> kDtmfColumns{1209, 1336, 1477, 1633};
inline constexpr std::string_view kDtmfDigits = "123A456B789C*0#D";  // row by row

struct DtmfShape {
    proto::Millis tone{50};
    proto::Millis gap{50};    // after every digit
    double level_dbfs = -10;  // of the sum of both tones; 0 = a sine of full scale
    double twist_db = 0;      // how much louder the column's tone is than the row's
    double detune = 0;        // relative error of both frequencies
};

// Appends `digit`, or nothing when it is not one. 2 ms ramps keep the tone free of clicks.
inline void append_dtmf(char digit, const DtmfShape& shape, std::vector<std::int16_t>& out) {
    const auto index = kDtmfDigits.find(digit);
    if (index == std::string_view::npos) return;
    constexpr double kStep = 2 * std::numbers::pi / proto::kSampleRate;
    constexpr double kRamp = 0.002 * proto::kSampleRate;
    const double row = kStep * kDtmfRows[index / 4] * (1 + shape.detune);
    const double column = kStep * kDtmfColumns[index % 4] * (1 + shape.detune);
    const double ratio = std::pow(10, shape.twist_db / 20);
    const double row_level =
        32767 * std::pow(10, shape.level_dbfs / 20) / std::sqrt(1 + ratio * ratio);
    const auto length = static_cast<double>(proto::to_samples(shape.tone));
    for (double n = 0; n < length; ++n) {
        const double ramp = std::min({1.0, (n + 1) / kRamp, (length - n) / kRamp});
        const double value = ramp * row_level * (std::sin(row * n) + ratio * std::sin(column * n));
        out.push_back(static_cast<std::int16_t>(std::lround(std::clamp(value, -32767., 32767.))));
    }
    out.resize(out.size() + static_cast<std::size_t>(proto::to_samples(shape.gap)));
}

inline std::vector<std::int16_t> generate_dtmf(std::string_view digits, DtmfShape shape = {}) {
    std::vector<std::int16_t> out;
    for (char digit : digits) append_dtmf(digit, shape, out);
    return out;
}

}  // namespace tutti::engine
