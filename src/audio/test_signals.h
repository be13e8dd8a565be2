// SPDX-License-Identifier: Apache-2.0
// Signals with known properties for the tests of this folder: 16 kHz, levels in dB relative to a
// square wave of full scale. The same arguments always give the same samples.
#pragma once

#include "proto/transcript.h"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <initializer_list>
#include <numbers>
#include <random>
#include <vector>

namespace tutti::audio::test {

using proto::Millis;
using Samples = std::vector<std::int16_t>;

inline std::size_t count_of(Millis length) {
    return static_cast<std::size_t>(proto::to_samples(length));
}

inline std::int16_t clipped(double value) {
    return static_cast<std::int16_t>(std::lrint(std::clamp(value, -32768., 32767.)));
}

inline Samples silence(Millis length) {
    return Samples(count_of(length));
}

inline Samples tone(double hertz, Millis length, double level_db) {
    const double amplitude = 32768 * std::numbers::sqrt2 * std::pow(10, level_db / 20);
    Samples samples;
    for (std::size_t i = 0; i < count_of(length); ++i)
        samples.push_back(clipped(
            amplitude * std::sin(2 * std::numbers::pi * hertz * static_cast<double>(i) / 16000)));
    return samples;
}

inline Samples noise(Millis length, double level_db, unsigned seed = 1) {
    std::mt19937 random(seed);
    std::normal_distribution<double> normal(0, 32768 * std::pow(10, level_db / 20));
    Samples samples;
    for (std::size_t i = 0; i < count_of(length); ++i) samples.push_back(clipped(normal(random)));
    return samples;
}

// Noise in syllables: 160 ms loud, 80 ms 25 dB softer.
inline Samples babble(Millis length, double level_db, unsigned seed = 1) {
    auto samples = noise(length, level_db, seed);
    for (std::size_t i = 0; i < samples.size(); ++i)
        if (i % 3840 >= 2560) samples[i] = static_cast<std::int16_t>(samples[i] / 18);
    return samples;
}

inline Samples joined(std::initializer_list<Samples> parts) {
    Samples all;
    for (const auto& part : parts) all.insert(all.end(), part.begin(), part.end());
    return all;
}

// Both at once.
inline Samples mixed(Samples a, const Samples& b) {
    for (std::size_t i = 0; i < a.size() && i < b.size(); ++i) a[i] = clipped(a[i] + b[i]);
    return a;
}

}  // namespace tutti::audio::test
