// SPDX-License-Identifier: Apache-2.0
#include "audio/resampler.h"

#include "audio/sample_format.h"

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>

namespace tutti::audio {
namespace {

using Samples = std::vector<std::int16_t>;

Samples sine(int rate, double hertz, double amplitude, std::size_t count) {
    Samples samples;
    for (std::size_t i = 0; i < count; ++i) {
        const double phase = 2 * std::numbers::pi * hertz * static_cast<double>(i) / rate;
        samples.push_back(static_cast<std::int16_t>(std::lrint(amplitude * std::sin(phase))));
    }
    return samples;
}

Samples resampled(int rate, std::span<const std::int16_t> in, std::size_t piece) {
    Resampler resampler(rate);
    Samples out;
    for (; !in.empty(); in = in.subspan(std::min(piece, in.size())))
        resampler.process(in.first(std::min(piece, in.size())), out);
    resampler.finish(out);
    return out;
}

// Amplitude of one frequency, by correlation with it over whole periods.
double level_at(double hertz, std::span<const std::int16_t> samples) {
    double re = 0, im = 0;
    for (std::size_t i = 0; i < samples.size(); ++i) {
        const double phase = 2 * std::numbers::pi * hertz * static_cast<double>(i) / 16000;
        re += samples[i] * std::cos(phase);
        im += samples[i] * std::sin(phase);
    }
    return 2 * std::hypot(re, im) / static_cast<double>(samples.size());
}

double rms(std::span<const std::int16_t> samples) {
    double sum = 0;
    for (const double sample : samples) sum += sample * sample;
    return std::sqrt(sum / static_cast<double>(samples.size()));
}

class AtRate : public testing::TestWithParam<int> {};
INSTANTIATE_TEST_SUITE_P(Resampler, AtRate,
                         testing::Values(8000, 11025, 16000, 22050, 24000, 32000, 44100, 48000));

TEST_P(AtRate, TenSecondsStayTenSeconds) {
    const auto out = resampled(GetParam(), Samples(static_cast<std::size_t>(GetParam()) * 10), 441);
    EXPECT_NEAR(static_cast<double>(out.size()), 160000, 3);
}

TEST_P(AtRate, AToneKeepsItsFrequencyLevelAndPlace) {
    const auto rate = GetParam();
    const auto out =
        resampled(rate, sine(rate, 1000, 12000, static_cast<std::size_t>(rate) * 2), 1000);
    const auto middle = std::span(out).subspan(8000, 16000);
    EXPECT_NEAR(level_at(1000, middle), 12000, 60);
    EXPECT_NEAR(rms(middle), 12000 / std::numbers::sqrt2, 60);
    // In phase with the original: the filter's delay is not in the output.
    const auto expected = sine(16000, 1000, 12000, 32000);
    for (std::size_t i = 8000; i < 8016; ++i) EXPECT_NEAR(out[i], expected[i], 120) << i;
}

TEST_P(AtRate, CutsDoNotChangeTheResult) {
    const auto in = sine(GetParam(), 440, 20000, static_cast<std::size_t>(GetParam()) / 2);
    const auto whole = resampled(GetParam(), in, in.size());
    for (const std::size_t piece : {1u, 7u, 160u, 1024u, 5000u})
        EXPECT_EQ(resampled(GetParam(), in, piece), whole) << piece;
}

TEST_P(AtRate, AFullScaleSquareSaturatesAndNeverWraps) {
    Samples square;
    const auto rate = static_cast<std::size_t>(GetParam());
    for (std::size_t i = 0; i < rate / 2; ++i)
        square.push_back(i * 200 / rate % 2 == 0 ? 32767 : -32768);
    const auto out = resampled(GetParam(), square, 500);
    // Away from its edges the square is still at full scale, with the sign it had.
    for (std::size_t i = 0; i + 80 < out.size(); ++i) {
        if (i % 80 < 8 || i % 80 > 72) continue;
        EXPECT_GT((i / 80 % 2 == 0 ? 1 : -1) * out[i], 28000) << i;
    }
}

TEST(Resampler, FrequenciesAboveTheNewBandAreRemoved) {
    const auto out = resampled(48000, sine(48000, 11000, 20000, 48000), 4800);
    EXPECT_LT(rms(std::span(out).subspan(1600, 12800)), 40);
}

TEST(Resampler, AnEmptyStreamGivesNothing) {
    EXPECT_TRUE(resampled(8000, {}, 1).empty());
}

}  // namespace
}  // namespace tutti::audio
