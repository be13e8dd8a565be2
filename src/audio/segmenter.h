// SPDX-License-Identifier: Apache-2.0
// Cuts the audio of a file at its silences into pieces that can be recognised side by side.
//
//   push(samples), then next() until it is empty, again and again
//   finish(), then next() until it is empty
//
// It hears speech by energy, or, with Ears::told, is told where speech is:
//
//   push(samples), note_speech(start, end) in order, judge_up_to(position), next()
//
// 1. Every sound of kStartSpeech is in exactly one segment, with kContext of what is around it;
//    longer silence is in none.
// 2. Utterances with a pause of less than end_silence between them share a segment.
// 3. A segment that reaches `target` is cut in the middle of its longest pause, or in the first
//    one to come; without any, at its quietest moment before `longest`. No sample between two
//    such segments is lost or in both.
//
// Pure; one stream an object, any one thread. Keeps `longest` of audio, what is not judged yet, and
// what next() was not asked for.
#pragma once

#include "audio/speech_detector.h"

#include <deque>
#include <optional>
#include <span>
#include <vector>

namespace tutti::audio {

struct SegmenterOptions {
    Millis end_silence{700};
    Millis shortest{5000};  // speech that goes on is not cut earlier
    Millis target{20000};
    Millis longest{30000};
};

struct Segment {
    SamplePos first_sample = 0;
    std::vector<std::int16_t> samples;
};

class Segmenter {
  public:
    static constexpr Millis kContext{250};
    static constexpr Millis kStartSpeech{40};

    enum class Ears { energy, told };

    // REQUIRES: end_silence < shortest < target < longest.
    explicit Segmenter(SegmenterOptions options = {}, Ears ears = Ears::energy);

    void push(std::span<const std::int16_t> samples);

    // Told where speech is: it is from `start` to `end`, and wherever before `position` nothing was
    // noted there is none.
    void note_speech(SamplePos start, SamplePos end) { speech_.push_back({start, end}); }
    void judge_up_to(SamplePos position);
    // Nobody tells any more: what is not judged is judged by energy, as is what comes.
    void go_on_by_energy();

    // No more audio comes, and nothing more is told.
    void finish();

    std::optional<Segment> next();

    // Audio held for a segment that is not cut yet: at most `longest`, and what is not judged.
    std::size_t samples_kept() const { return audio_.size(); }

  private:
    SamplePos judged() const {
        return first_ + static_cast<SamplePos>(frames_.size() * kFrameSamples);
    }
    void judge_frames(SamplePos limit);
    bool is_told_speech(SamplePos frame);
    void on_frame(bool is_loud);
    void on_frame_in_silence();
    void on_frame_in_speech(bool is_loud);
    std::optional<SamplePos> longest_pause(SamplePos from) const;
    SamplePos quietest_moment(SamplePos from) const;
    std::size_t frame_at(SamplePos position) const;
    SamplePos sound_with_context() const;
    void cut(SamplePos at);
    void forget_before(SamplePos position);

    const SamplePos end_silence_, shortest_, target_, longest_;

    SpeechDetector detector_;
    Ears ears_;
    struct Span {
        SamplePos start, end;
    };
    std::deque<Span> speech_;                      // told, and not behind what is judged
    std::vector<std::int16_t> audio_;              // from first_ on
    std::vector<SpeechDetector::Verdict> frames_;  // of the judged frames in audio_
    bool is_finished_ = false;
    SamplePos first_ = 0;
    SamplePos run_start_ = 0;  // of the uninterrupted sound that ends at judged()
    bool in_speech_ = false;
    SamplePos start_ = 0;      // of the segment; in silence, no segment can begin before it
    SamplePos sound_end_ = 0;  // where the last sound of the segment ended
    std::deque<Segment> ready_;
};

}  // namespace tutti::audio
