// SPDX-License-Identifier: Apache-2.0
// Tells, frame by frame of a stream, whether somebody speaks: what an Endpointer hears with.
//
// Two real ones: the energy detector that an Endpointer makes itself, and the Silero model of
// engine/silero_vad.h. One object a stream; frames come in order and without a gap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace tutti::audio {

class FrameDetector {
  public:
    virtual ~FrameDetector() = default;
    // The length of every frame; never changes.
    virtual std::size_t frame_samples() const = 0;
    // May throw std::exception when it cannot tell; the stream is lost then.
    virtual bool is_speech(std::span<const std::int16_t> frame) = 0;
    // These samples come next. For a detector that hears many streams at once more cheaply: its
    // maker says when it does so. Either all of a stream's samples are announced, or none.
    virtual void expect(std::span<const std::int16_t>) {}
};

}  // namespace tutti::audio
