// SPDX-License-Identifier: Apache-2.0
#include "audio/speech_detector.h"

#include <algorithm>
#include <cmath>

namespace tutti::audio {
namespace {

// A frame becomes loud this far above the floor, and stays so a little below: the ends of words
// fade.
constexpr float kLoudMarginDb = 7;
constexpr float kStillLoudMarginDb = 5;

// -3 dB at about 120 Hz: mains hum of 50 Hz loses 16 dB, speech above 300 Hz next to nothing.
constexpr float kPole = 0.954f;

constexpr float kFullScalePower = 32768.f * 32768.f;
constexpr float kLeastPower = 1e-2f;

}  // namespace

float SpeechDetector::DcBlocker::step(float in) {
    last_out = in - last_in + kPole * last_out;
    last_in = in;
    return last_out;
}

// Without this the filter's decay ends in denormal numbers, which are slow, for as long as the
// silence lasts.
void SpeechDetector::DcBlocker::settle() {
    if (std::abs(last_out) < 1e-3f) last_out = 0;
}

float SpeechDetector::level_of(std::span<const std::int16_t, kFrameSamples> frame) {
    float power = 0;
    for (const auto sample : frame) {
        const float value = second_.step(first_.step(sample));
        power += value * value;
    }
    first_.settle();
    second_.settle();
    power = std::max(power / kFrameSamples, kLeastPower);
    return 10 * std::log10(power / kFullScalePower);
}

void SpeechDetector::learn(float level_db) {
    // The loudest of three frames, so that a lost packet replaced by zeros is not the floor.
    const float level = std::max({level_db, before_[0], before_[1]});
    before_ = {before_[1], level_db};
    lowest_[block_] = std::min(lowest_[block_], level);
    floor_db_ = std::max(*std::min_element(lowest_.begin(), lowest_.end()), kLowestFloorDb);
    if (++frames_in_block_ < kFramesPerBlock) return;
    frames_in_block_ = 0;
    block_ = (block_ + 1) % kBlocks;
    lowest_[block_] = 0;
}

SpeechDetector::Verdict SpeechDetector::judge(std::span<const std::int16_t, kFrameSamples> frame) {
    const float level_db = level_of(frame);
    learn(level_db);
    was_loud_ = level_db > floor_db_ + (was_loud_ ? kStillLoudMarginDb : kLoudMarginDb);
    return {level_db, was_loud_};
}

}  // namespace tutti::audio
