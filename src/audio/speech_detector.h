// SPDX-License-Identifier: Apache-2.0
// Tells, for every 10 ms of audio, whether it is louder than what has been there all along: cheap
// enough to run on every stream all the time, so that recognisers run on speech only.
//
//   detector.judge(frame) -> {level_db, is_loud}
//
// A frame counts when its level, without DC and rumble, is some decibels above the noise floor.
//
// 1. The floor is the lowest level of the last two seconds. It falls at once and rises when the
//    quiet is two seconds old: a hum that begins is loud for two seconds, then it is the floor.
// 2. The floor never goes below kLowestFloorDb, so digital silence and its dither are not loud.
// 3. Before two seconds have passed, noise up to kFirstFloorDb is taken for noise and anything
//    above for sound: a stream may begin in the middle of a word.
//
// Pure; one stream an object, any one thread. Never allocates.
#pragma once

#include "proto/transcript.h"

#include <array>
#include <cstdint>
#include <span>

namespace tutti::audio {

using proto::Millis;
using proto::SamplePos;

// 10 ms.
inline constexpr std::size_t kFrameSamples = proto::kSampleRate / 100;

// Levels are relative to a square wave of full scale.
inline constexpr float kLowestFloorDb = -68;
inline constexpr float kFirstFloorDb = -50;

class SpeechDetector {
  public:
    struct Verdict {
        float level_db;
        bool is_loud;
    };

    Verdict judge(std::span<const std::int16_t, kFrameSamples> frame);

  private:
    // The floor is a minimum over blocks, so that forgetting the oldest one is all it takes to
    // rise.
    static constexpr std::size_t kBlocks = 8;
    static constexpr int kFramesPerBlock = 25;

    // One half of the high-pass filter.
    struct DcBlocker {
        float last_in = 0;
        float last_out = 0;
        float step(float in);
        void settle();
    };

    float level_of(std::span<const std::int16_t, kFrameSamples> frame);
    void learn(float level_db);

    DcBlocker first_, second_;

    static constexpr std::array<float, kBlocks> all_blocks(float level_db) {
        std::array<float, kBlocks> blocks{};
        blocks.fill(level_db);
        return blocks;
    }
    std::array<float, kBlocks> lowest_ = all_blocks(kFirstFloorDb);
    std::size_t block_ = 0;  // the one being filled
    int frames_in_block_ = 0;
    std::array<float, 2> before_{};  // levels of the two frames before
    float floor_db_ = kFirstFloorDb;
    bool was_loud_ = false;
};

}  // namespace tutti::audio
