// SPDX-License-Identifier: Apache-2.0
#include "engine/tone/dtmf_detector.h"

#include "engine/tone/dtmf_generator.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <random>
#include <string>

namespace tutti::engine {
namespace {

constexpr SamplePos kFiveMillis = proto::kSampleRate / 200;
constexpr std::string_view kAll = "0123456789ABCD*#";

std::vector<DtmfDigit> detect(std::span<const std::int16_t> samples, std::size_t chunk = 160) {
    DtmfDetector detector;
    std::vector<DtmfDigit> digits;
    for (std::size_t at = 0; at < samples.size(); at += chunk)
        detector.process(samples.subspan(at, std::min(chunk, samples.size() - at)), digits);
    detector.finish(digits);
    return digits;
}

std::string text_of(const std::vector<DtmfDigit>& digits) {
    std::string text;
    for (const auto& digit : digits) text += digit.digit;
    return text;
}

std::vector<std::int16_t> with_noise(std::vector<std::int16_t> samples, double level) {
    std::mt19937 random(7);
    std::normal_distribution<double> noise(0, level);
    for (auto& sample : samples)
        sample = static_cast<std::int16_t>(std::clamp(sample + noise(random), -32767., 32767.));
    return samples;
}

TEST(DtmfDetector, HearsEveryDigitWithItsTimes) {
    const auto digits = detect(generate_dtmf(kAll));
    ASSERT_EQ(text_of(digits), kAll);
    for (std::size_t i = 0; i < digits.size(); ++i) {
        const auto start = static_cast<SamplePos>(i) * 1600;
        EXPECT_LE(std::abs(digits[i].start - start), kFiveMillis) << i;
        EXPECT_LE(std::abs(digits[i].end - start - 800), kFiveMillis) << i;
    }
}

TEST(DtmfDetector, ChunkingMakesNoDifference) {
    const auto samples = generate_dtmf(kAll, {.level_dbfs = -20});
    const auto whole = detect(samples, samples.size());
    for (std::size_t chunk : {1u, 7u, 79u, 80u, 81u, 320u, 1603u})
        EXPECT_EQ(detect(samples, chunk), whole) << chunk;
}

struct Case {
    const char* name;
    DtmfShape shape;
    double noise = 0;
};

class DtmfShapes : public testing::TestWithParam<Case> {};

TEST_P(DtmfShapes, NoDigitIsLostOrDoubledAtAnyOffset) {
    const std::string sent = std::string(kAll) + "5555000";
    const auto tones = generate_dtmf(sent, GetParam().shape);
    for (std::size_t offset : {0u, 27u, 53u, 79u}) {
        std::vector<std::int16_t> samples(offset);
        samples.insert(samples.end(), tones.begin(), tones.end());
        EXPECT_EQ(text_of(detect(with_noise(samples, GetParam().noise))), sent) << offset;
    }
}

INSTANTIATE_TEST_SUITE_P(
    All, DtmfShapes,
    testing::Values(Case{"nominal", {}}, Case{"quiet", {.level_dbfs = -30}},
                    Case{"full_scale", {.level_dbfs = 0}},
                    Case{"shortest", {.tone = proto::Millis(40), .gap = proto::Millis(40)}},
                    Case{"shortest_quiet",
                         {.tone = proto::Millis(40), .gap = proto::Millis(40), .level_dbfs = -30}},
                    Case{"long", {.tone = proto::Millis(333), .gap = proto::Millis(47)}},
                    Case{"column_louder", {.twist_db = 6}}, Case{"row_louder", {.twist_db = -8}},
                    Case{"sharp", {.detune = 0.015}}, Case{"flat", {.detune = -0.015}},
                    Case{"noisy", {.level_dbfs = -20}, 500}),
    [](const auto& shape) { return std::string(shape.param.name); });

TEST(DtmfDetector, IgnoresWhatIsTooShortToBeADigit) {
    EXPECT_EQ(text_of(detect(generate_dtmf(kAll, {.tone = proto::Millis(20)}))), "");
}

TEST(DtmfDetector, ADropoutDoesNotDoubleADigit) {
    auto samples = generate_dtmf("7", {.tone = proto::Millis(120)});
    std::fill(samples.begin() + 900, samples.begin() + 980, std::int16_t{0});
    EXPECT_EQ(text_of(detect(samples)), "7");
}

TEST(DtmfDetector, DigitsWithoutAGapAreTwo) {
    auto samples = generate_dtmf("1", {.gap = proto::Millis(0)});
    append_dtmf('6', {}, samples);
    EXPECT_EQ(text_of(detect(samples)), "16");
}

TEST(DtmfDetector, RejectsSingleTonesNoiseAndSilence) {
    std::vector<std::int16_t> tone(16000);
    for (std::size_t n = 0; n < tone.size(); ++n)
        tone[n] = static_cast<std::int16_t>(
            10000 * std::sin(2 * std::numbers::pi * 770 * static_cast<double>(n) / 16000));
    EXPECT_TRUE(detect(tone).empty());
    EXPECT_TRUE(detect(with_noise(std::vector<std::int16_t>(160000), 3000)).empty());
    EXPECT_TRUE(detect(std::vector<std::int16_t>(16000)).empty());
}

TEST(DtmfDetector, AHeldKeyIsOneDigitReportedBeforeItsRelease) {
    DtmfDetector detector;
    std::vector<DtmfDigit> digits;
    detector.process(generate_dtmf("9", {.tone = proto::Millis(6000), .gap = {}}), digits);
    EXPECT_EQ(text_of(digits), "9");
    EXPECT_EQ(detector.settled(), detector.position());
    detector.process(generate_dtmf("9", {.tone = proto::Millis(6000)}), digits);
    EXPECT_EQ(text_of(digits), "9");
}

// What makes a cut exact: the digits reported up to it, and those a fresh detector finds behind
// settled(), are together the digits sent.
TEST(DtmfDetector, DigitsBeforeAndAfterAnyCutAddUp) {
    const std::string sent = "1470*88#";
    const auto samples = generate_dtmf(sent);
    for (std::size_t cut = 0; cut < samples.size(); cut += 61) {
        DtmfDetector before;
        std::vector<DtmfDigit> digits;
        before.process(std::span(samples).first(cut), digits);
        const auto settled = before.settled();
        ASSERT_LE(settled, static_cast<SamplePos>(cut));
        ASSERT_GE(settled, static_cast<SamplePos>(cut) - 1600);
        const auto behind = detect(
            std::span(samples).subspan(static_cast<std::size_t>(std::max<SamplePos>(settled, 0))));
        EXPECT_EQ(text_of(digits) + text_of(behind), sent) << cut;

        before.process(std::span(samples).subspan(cut), digits);
        before.finish(digits);
        EXPECT_EQ(text_of(digits), sent) << cut;
    }
}

}  // namespace
}  // namespace tutti::engine
