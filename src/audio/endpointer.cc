// SPDX-License-Identifier: Apache-2.0
#include "audio/endpointer.h"

#include "base/check.h"

#include <algorithm>

namespace tutti::audio {
namespace {

class EnergyDetector final : public FrameDetector {
  public:
    std::size_t frame_samples() const override { return kFrameSamples; }
    bool is_speech(std::span<const std::int16_t> frame) override {
        return detector_.judge(frame.first<kFrameSamples>()).is_loud;
    }

  private:
    SpeechDetector detector_;
};

}  // namespace

Endpointer::Endpointer(EndpointerOptions options, std::unique_ptr<FrameDetector> detector)
    : end_silence_(proto::to_samples(options.end_silence)),
      start_speech_(proto::to_samples(options.start_speech)),
      preroll_(proto::to_samples(options.preroll)),
      tail_(proto::to_samples(options.tail)),
      click_(proto::to_samples(options.click)),
      max_utterance_(proto::to_samples(options.max_utterance)),
      detector_(detector ? std::move(detector) : std::make_unique<EnergyDetector>()),
      frame_(static_cast<SamplePos>(detector_->frame_samples())),
      partial_frame_(detector_->frame_samples()) {
    check(end_silence_ > 0 && start_speech_ > 0 && preroll_ >= 0 && tail_ >= 0 && click_ >= 0,
          "endpointer options");
    check(max_utterance_ > preroll_ + start_speech_ + frame_, "endpointer options");
}

std::span<const Endpointer::Event> Endpointer::process(std::span<const std::int16_t> samples) {
    events_.clear();
    const auto whole = partial_frame_.size();
    while (!samples.empty()) {
        const auto pending = static_cast<std::size_t>(position_ - judged_);
        const auto size = std::min(samples.size(), whole - pending);
        position_ += static_cast<SamplePos>(size);
        if (size == whole) {
            on_frame(samples.first(whole));
        } else {
            std::copy_n(samples.begin(), size, partial_frame_.begin() + static_cast<long>(pending));
            if (pending + size == whole) on_frame(partial_frame_);
        }
        samples = samples.subspan(size);
    }
    return events_;
}

std::optional<SamplePos> Endpointer::end_utterance() {
    if (!in_speech_) return std::nullopt;
    end(std::min(sound_end_ + tail_, position_));
    return last_utterance_end_;
}

SamplePos Endpointer::quiet_up_to() const {
    return in_speech_ ? utterance_start_ : earliest_start(run_start_);
}

void Endpointer::on_frame(std::span<const std::int16_t> frame) {
    const bool is_loud = detector_->is_speech(frame);
    judged_ += frame_;
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
    if (is_loud && judged_ - run_start_ > click_) sound_end_ = judged_;
    if (judged_ - sound_end_ >= end_silence_) {
        end(std::min(sound_end_ + tail_, judged_));
        events_.push_back(SpeechEnd{last_utterance_end_, SpeechEnd::Cause::silence});
    } else if (judged_ + frame_ - utterance_start_ > max_utterance_) {
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
