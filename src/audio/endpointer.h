// SPDX-License-Identifier: Apache-2.0
// Where utterances begin and end in a live stream of 16 kHz mono samples.
//
//   for (const auto& event : endpointer.process(samples)) ...
//       SpeechStart{at}         recognise from here on: a little before the sound was noticed
//       SpeechEnd{at, cause}    the utterance was [start, at)
//
// Starts and ends alternate. An event is told when the samples that settle it have come, and its
// position lies before them; the receiver keeps the audio since quiet_up_to().
//
// 1. No audio is in two utterances: a start is never before the end before it.
// 2. An utterance cut for its length is followed by one that starts where it ends, if speech goes
//    on: no sample is lost between them.
//
// Pure; one stream an object, any one thread. Memory is constant.
#pragma once

#include "audio/frame_detector.h"
#include "audio/speech_detector.h"

#include <memory>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace tutti::audio {

struct EndpointerOptions {
    Millis end_silence{700};      // ends an utterance
    Millis start_speech{40};      // of uninterrupted sound begins one
    Millis preroll{300};          // belongs to the utterance before the sound
    Millis tail{200};             // and after it: what is too faint to be noticed ends a word
    Millis click{10};             // within one, so short a sound does not interrupt the silence
    Millis max_utterance{30000};  // preroll included
};

struct SpeechStart {
    SamplePos at = 0;
    bool operator==(const SpeechStart&) const = default;
};

struct SpeechEnd {
    enum class Cause { silence, length };
    SamplePos at = 0;
    Cause cause = Cause::silence;
    bool operator==(const SpeechEnd&) const = default;
};

class Endpointer {
  public:
    using Event = std::variant<SpeechStart, SpeechEnd>;

    // Without a detector it hears by energy. REQUIRES: no option is negative, the first two are not
    // zero, and max_utterance is longer than preroll, start_speech and a frame together.
    explicit Endpointer(EndpointerOptions options = {},
                        std::unique_ptr<FrameDetector> detector = nullptr);

    // See FrameDetector::expect().
    void expect(std::span<const std::int16_t> samples) { detector_->expect(samples); }
    // The events lie in the object until the next call.
    std::span<const Event> process(std::span<const std::int16_t> samples);

    // Ends the running utterance for a reason of the caller's (a flush, the end of the stream)
    // and returns where; what follows is another utterance. Nothing when none is running.
    std::optional<SamplePos> end_utterance();

    bool in_speech() const { return in_speech_; }

    // Samples processed.
    SamplePos position() const { return position_; }

    // Audio before this is never part of an utterance that is running or still to come.
    SamplePos quiet_up_to() const;

  private:
    void on_frame(std::span<const std::int16_t> frame);
    void on_frame_in_silence(bool is_loud);
    void on_frame_in_speech(bool is_loud);
    SamplePos earliest_start(SamplePos sound) const;
    void end(SamplePos at);

    const SamplePos end_silence_, start_speech_, preroll_, tail_, click_, max_utterance_;

    std::unique_ptr<FrameDetector> detector_;
    SamplePos frame_;  // the detector's
    std::vector<std::int16_t> partial_frame_;
    SamplePos position_ = 0;
    SamplePos judged_ = 0;     // end of the last whole frame
    SamplePos run_start_ = 0;  // of the uninterrupted sound that ends at judged_
    bool in_speech_ = false;
    SamplePos utterance_start_ = 0;
    SamplePos sound_end_ = 0;  // where the last sound of the utterance ended
    SamplePos last_utterance_end_ = 0;
    std::vector<Event> events_;
};

}  // namespace tutti::audio
