// SPDX-License-Identifier: Apache-2.0
#include "audio/segmenter.h"

#include "base/check.h"

#include <algorithm>
#include <limits>

namespace tutti::audio {
namespace {

constexpr SamplePos kFrame = kFrameSamples;
constexpr SamplePos kContextSamples = proto::to_samples(Segmenter::kContext);
constexpr SamplePos kStartSamples = proto::to_samples(Segmenter::kStartSpeech);

// A silence this long is a pause between words rather than the closure inside one.
constexpr SamplePos kPause = proto::to_samples(Millis(200));

// Within a segment a sound this short does not interrupt the silence: a click is no speech.
constexpr SamplePos kClick = proto::to_samples(Millis(10));

// Silence is thrown away in pieces of this length, so that the rest is not moved at every frame.
constexpr SamplePos kForget = proto::to_samples(Millis(1000));

// Over how many frames the quietest moment is looked for.
constexpr std::size_t kMomentFrames = 5;

constexpr SamplePos kEverything = std::numeric_limits<SamplePos>::max();

constexpr SamplePos whole_frames(Millis time) {
    return proto::to_samples(time) / kFrame * kFrame;
}

}  // namespace

Segmenter::Segmenter(SegmenterOptions options, Ears ears)
    : end_silence_(whole_frames(options.end_silence)),
      shortest_(whole_frames(options.shortest)),
      target_(whole_frames(options.target)),
      longest_(whole_frames(options.longest)),
      ears_(ears) {
    check(0 < end_silence_ && end_silence_ < shortest_, "segmenter options");
    check(shortest_ < target_ && target_ + kFrame < longest_, "segmenter options");
}

void Segmenter::push(std::span<const std::int16_t> samples) {
    audio_.insert(audio_.end(), samples.begin(), samples.end());
    if (ears_ == Ears::energy) judge_frames(kEverything);
}

void Segmenter::judge_up_to(SamplePos position) {
    if (ears_ == Ears::told) judge_frames(position);
}

void Segmenter::go_on_by_energy() {
    ears_ = Ears::energy;
    judge_frames(kEverything);
}

void Segmenter::finish() {
    judge_frames(kEverything);
    is_finished_ = true;
    if (in_speech_) cut(sound_with_context());
}

void Segmenter::judge_frames(SamplePos limit) {
    while ((frames_.size() + 1) * kFrameSamples <= audio_.size() && judged() + kFrame <= limit) {
        const auto frame = std::span(audio_).subspan(frames_.size() * kFrameSamples);
        auto verdict = detector_.judge(frame.first<kFrameSamples>());
        if (ears_ == Ears::told) verdict.is_loud = is_told_speech(judged());
        frames_.push_back(verdict);
        on_frame(verdict.is_loud);
    }
}

// REQUIRES: asked in order.
bool Segmenter::is_told_speech(SamplePos frame) {
    while (!speech_.empty() && speech_.front().end <= frame) speech_.pop_front();
    return !speech_.empty() && speech_.front().start < frame + kFrame;
}

std::optional<Segment> Segmenter::next() {
    if (ready_.empty()) return std::nullopt;
    std::optional<Segment> segment = std::move(ready_.front());
    ready_.pop_front();
    return segment;
}

void Segmenter::on_frame(bool is_loud) {
    if (!is_loud) run_start_ = judged();
    if (in_speech_)
        on_frame_in_speech(is_loud);
    else
        on_frame_in_silence();
}

void Segmenter::on_frame_in_silence() {
    const auto earliest = std::max(run_start_ - kContextSamples, start_);
    if (judged() - run_start_ >= kStartSamples) {
        in_speech_ = true;
        start_ = earliest;
        sound_end_ = judged();
    } else if (earliest - first_ >= kForget) {
        forget_before(earliest);
    }
}

void Segmenter::on_frame_in_speech(bool is_loud) {
    const auto now = judged();
    if (is_loud && now - run_start_ > kClick) sound_end_ = now;
    const auto length = now - start_, silence = now - sound_end_;
    if (silence >= end_silence_ || (length > target_ && silence >= kPause)) {
        cut(sound_with_context());
    } else if (length == target_) {
        if (const auto pause = longest_pause(start_ + shortest_)) cut(*pause);
    } else if (length + kFrame > longest_) {
        cut(quietest_moment(start_ + target_));
    }
}

// The middle of the longest pause that lies between `from` and the last sound.
std::optional<SamplePos> Segmenter::longest_pause(SamplePos from) const {
    std::optional<SamplePos> middle;
    SamplePos longest = kPause;
    SamplePos sound = from;
    for (auto at = from; at < sound_end_; at += kFrame) {
        if (!frames_[frame_at(at)].is_loud) continue;
        if (at - sound >= longest) {
            longest = at - sound;
            middle = sound + longest / (2 * kFrame) * kFrame;
        }
        sound = at + kFrame;
    }
    return middle;
}

SamplePos Segmenter::quietest_moment(SamplePos from) const {
    auto quietest = std::numeric_limits<float>::max();
    auto found = frame_at(from);
    for (auto i = found; i + kMomentFrames <= frames_.size(); ++i) {
        float sum = 0;
        for (std::size_t k = 0; k < kMomentFrames; ++k) sum += frames_[i + k].level_db;
        if (sum >= quietest) continue;
        quietest = sum;
        found = i + kMomentFrames / 2;
    }
    return first_ + static_cast<SamplePos>(found) * kFrame;
}

std::size_t Segmenter::frame_at(SamplePos position) const {
    return static_cast<std::size_t>((position - first_) / kFrame);
}

SamplePos Segmenter::sound_with_context() const {
    const auto end = is_finished_ ? first_ + static_cast<SamplePos>(audio_.size()) : judged();
    return std::min(sound_end_ + kContextSamples, end);
}

// Hands out the segment that ends at `at`; what follows belongs to another one.
void Segmenter::cut(SamplePos at) {
    const auto begin = audio_.begin() + (start_ - first_);
    ready_.push_back({start_, {begin, audio_.begin() + (at - first_)}});
    in_speech_ = sound_end_ > at;
    start_ = at;
    forget_before(at);
}

// The position is on a frame boundary, or the stream is over.
void Segmenter::forget_before(SamplePos position) {
    const auto frames = std::min(frame_at(position), frames_.size());
    audio_.erase(audio_.begin(), audio_.begin() + (position - first_));
    frames_.erase(frames_.begin(), frames_.begin() + static_cast<long>(frames));
    first_ = position;
}

}  // namespace tutti::audio
