// SPDX-License-Identifier: Apache-2.0
// What the models of tools/make_tone_model.py hear: tones for the letters a to h. For tests and
// benchmarks.
#pragma once

#include "proto/transcript.h"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <string_view>
#include <vector>

namespace tutti::engine::sherpa {

inline constexpr proto::Millis kToneLength{120};
inline constexpr proto::Millis kTonePause{80};
inline constexpr proto::Millis kLetterPeriod = kToneLength + kTonePause;

// `lead` of silence, then each letter's tone with its pause; a blank is a pause of a letter's
// length.
inline std::vector<std::int16_t> speak_tones(std::string_view letters, proto::Millis lead = {}) {
    constexpr double kTones[] = {400, 600, 850, 1200, 1700, 2400, 3300, 4500};
    constexpr double kAmplitude = 16000;
    const auto ramp = static_cast<double>(proto::to_samples(proto::Millis(10)));
    std::vector<std::int16_t> samples(static_cast<std::size_t>(proto::to_samples(lead)));
    for (const char letter : letters) {
        const auto length = proto::to_samples(kToneLength);
        for (proto::SamplePos i = 0; i < length; ++i) {
            if (letter < 'a' || letter > 'h') {
                samples.push_back(0);
                continue;
            }
            const auto gain = std::min(
                {1., static_cast<double>(i) / ramp, static_cast<double>(length - i) / ramp});
            const auto phase = 2 * std::numbers::pi * kTones[letter - 'a'] *
                               static_cast<double>(i) / proto::kSampleRate;
            samples.push_back(static_cast<std::int16_t>(kAmplitude * gain * std::sin(phase)));
        }
        samples.resize(samples.size() + static_cast<std::size_t>(proto::to_samples(kTonePause)));
    }
    return samples;
}

}  // namespace tutti::engine::sherpa
