// SPDX-License-Identifier: Apache-2.0
#include "audio/endpointer.h"

#include "base/check.h"

#include <algorithm>

namespace tutti::audio {
namespace {

constexpr SamplePos kFrame = kFrameSamples;

// Sounds too faint to be noticed belong to the end of a word.
constexpr SamplePos kTail = proto::to_samples(Millis(200));

// Within an utterance a sound this short does not interrupt the silence: a click is no speech.
constexpr SamplePos kClick = proto::to_samples(Millis(10));

}  // namespace

Endpointer::Endpointer(EndpointerOptions options)
    : end_silence_(proto::to_samples(options.end_silence)),
      start_speech_(proto::to_samples(options.start_speech)),
      preroll_(proto::to_samples(options.preroll)),
      max_utterance_(proto::to_samples(options.max_utterance)) {
    check(end_silence_ > 0 && start_speech_ > 0 && preroll_ >= 0, "endpointer options");
    check(max_utterance_ > preroll_ + start_speech_ + kFrame, "endpointer options");
}

std::span<const Endpointer::Event> Endpointer::process(std::span<const std::int16_t> samples) {
    events_.clear();
    while (!samples.empty()) {
        const auto pending = static_cast<std::size_t>(position_ - judged_);
        const auto size = std::min(samples.size(), kFrameSamples - pending);
        position_ += static_cast<SamplePos>(size);
        if (size == kFrameSamples) {
            on_frame(samples.first<kFrameSamples>());
        } else {
            std::copy_n(samples.begin(), size, partial_frame_.begin() + pending);
            if (pending + size == kFrameSamples) on_frame(partial_frame_);
        }
        samples = samples.subspan(size);
    }
    return events_;
}

std::optional<SamplePos> Endpointer::end_utterance() {
    if (!in_speech_) return std::nullopt;
    end(std::min(sound_end_ + kTail, position_));
    return last_utterance_end_;
}

SamplePos Endpointer::quiet_up_to() const {
    return in_speech_ ? utterance_start_ : earliest_start(run_start_);
}

void Endpointer::on_frame(std::span<const std::int16_t, kFrameSamples> frame) {
    const bool is_loud = detector_.judge(frame).is_loud;
    judged_ += kFrame;
    if (!is_loud) run_start_ = judged_;
    if (in_speech_)
        on_frame_in_speech(is_loud);
    else
        on_frame_in_silence(is_loud);
}

void Endpointer::on_frame_in_silence(bool is_loud) {
    if (!is_loud || judged_ - run_start_ < start_speech_) return;
    in_speech_ = true;
    utterance_start_ = earliest_start(run_start_);
    sound_end_ = judged_;
    events_.push_back(SpeechStart{utterance_start_});
}

void Endpointer::on_frame_in_speech(bool is_loud) {
    if (is_loud && judged_ - run_start_ > kClick) sound_end_ = judged_;
    if (judged_ - sound_end_ >= end_silence_) {
        end(std::min(sound_end_ + kTail, judged_));
        events_.push_back(SpeechEnd{last_utterance_end_, SpeechEnd::Cause::silence});
    } else if (judged_ + kFrame - utterance_start_ > max_utterance_) {
        end(judged_);
        events_.push_back(SpeechEnd{last_utterance_end_, SpeechEnd::Cause::length});
    }
}

SamplePos Endpointer::earliest_start(SamplePos sound) const {
    return std::max(sound - preroll_, last_utterance_end_);
}

void Endpointer::end(SamplePos at) {
    in_speech_ = false;
    last_utterance_end_ = at;
}

}  // namespace tutti::audio
