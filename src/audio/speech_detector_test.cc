// SPDX-License-Identifier: Apache-2.0
#include "audio/speech_detector.h"

#include "audio/test_signals.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tutti::audio {
namespace {

using namespace std::chrono_literals;
using test::babble, test::joined, test::mixed, test::noise, test::silence, test::tone;

// What the detector says of every frame.
std::vector<SpeechDetector::Verdict> judged(std::span<const std::int16_t> samples) {
    SpeechDetector detector;
    std::vector<SpeechDetector::Verdict> verdicts;
    for (; samples.size() >= kFrameSamples; samples = samples.subspan(kFrameSamples))
        verdicts.push_back(detector.judge(samples.first<kFrameSamples>()));
    return verdicts;
}

// How many frames of the time given are loud.
long loud_between(const std::vector<SpeechDetector::Verdict>& verdicts, Millis from, Millis to) {
    return std::count_if(verdicts.begin() + from.count() / 10, verdicts.begin() + to.count() / 10,
                         [](const auto& verdict) { return verdict.is_loud; });
}

TEST(SpeechDetector, LevelsAreRelativeToAFullScaleSquare) {
    EXPECT_NEAR(judged(tone(1000, 100ms, -20)).back().level_db, -20, 0.3);
    EXPECT_NEAR(judged(noise(100ms, -40)).back().level_db, -40, 1.5);
}

TEST(SpeechDetector, DigitalSilenceAndDitherAreNeverLoud) {
    EXPECT_EQ(loud_between(judged(silence(10s)), 0s, 10s), 0);
    EXPECT_EQ(loud_between(judged(joined({silence(5s), noise(5s, -88)})), 0s, 10s), 0);
}

TEST(SpeechDetector, AnyOffsetIsSilence) {
    const auto verdicts = judged(test::Samples(16000 * 5, 8000));
    // The step at the very beginning is a sound.
    EXPECT_EQ(loud_between(verdicts, 60ms, 5s), 0);
}

TEST(SpeechDetector, SoundOnTopOfAnOffsetIsHeard) {
    const auto burst = joined({silence(2s), tone(500, 500ms, -35), silence(500ms)});
    const auto verdicts = judged(mixed(burst, test::Samples(16000 * 3, -9000)));
    EXPECT_EQ(loud_between(verdicts, 100ms, 2s), 0);
    EXPECT_EQ(loud_between(verdicts, 2s, 2500ms), 50);
}

TEST(SpeechDetector, SteadyNoiseBelowTheFirstFloorIsNoise) {
    EXPECT_LE(loud_between(judged(noise(10s, -47)), 0s, 10s), 2);
}

TEST(SpeechDetector, ASoundAtTheVeryBeginningIsLoud) {
    EXPECT_EQ(loud_between(judged(tone(300, 200ms, -25)), 0ms, 200ms), 20);
}

TEST(SpeechDetector, ALoudHumBecomesTheFloorInTwoSeconds) {
    const auto hum = joined({silence(3s), tone(150, 7s, -20)});
    const auto verdicts = judged(hum);
    EXPECT_GT(loud_between(verdicts, 3s, 4s), 95);
    EXPECT_EQ(loud_between(verdicts, 5300ms, 10s), 0);
}

TEST(SpeechDetector, SpeechAboveAHumIsHeard) {
    const auto verdicts =
        judged(mixed(tone(150, 8s, -40), joined({silence(5s), babble(2s, -20), silence(1s)})));
    EXPECT_GT(loud_between(verdicts, 5s, 7s), 120);
    EXPECT_EQ(loud_between(verdicts, 7s, 8s), 0);
}

TEST(SpeechDetector, BabbleStaysLoudHoweverLongItLasts) {
    const auto verdicts = judged(babble(60s, -25));
    for (auto at = 0s; at < 60s; at += 1s)
        EXPECT_GT(loud_between(verdicts, at, at + 1s), 55) << at.count();
}

TEST(SpeechDetector, ALostPacketDoesNotMakeNoiseLoud) {
    auto samples = noise(8s, -48);
    std::fill_n(samples.begin() + 64000, 320, std::int16_t{0});
    EXPECT_LE(loud_between(judged(samples), 0s, 8s), 2);
}

}  // namespace
}  // namespace tutti::audio
