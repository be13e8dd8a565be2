// SPDX-License-Identifier: Apache-2.0
#include "scribe/speaker_track.h"

#include "base/log.h"

#include <algorithm>
#include <charconv>

namespace tutti::scribe {
namespace {

using std::chrono::steady_clock;

// An engine may take so many times as long as the audio lasts.
constexpr int kSlowest = 4;

}  // namespace

SpeakerTrack::SpeakerTrack(dispatch::Engines& engines, const proto::Submit& submit,
                           std::chrono::milliseconds engine_wait, std::function<void()> on_change)
    : engines_(engines),
      model_(submit.speaker_model),
      is_needed_(submit.needs_speakers),
      engine_wait_(engine_wait),
      on_change_(std::move(on_change)) {
}

void SpeakerTrack::push(std::span<const std::int16_t> samples) {
    if (is_over_) return;
    if (samples_.size() + samples.size() > static_cast<std::size_t>(proto::kMaxDiarized))
        return give_up(Error(Errc::too_long, "speakers can be told in audio of up to 60 minutes"));
    // Never moved while it grows; memory is taken as it is written.
    if (samples_.empty()) samples_.reserve(static_cast<std::size_t>(proto::kMaxDiarized));
    samples_.insert(samples_.end(), samples.begin(), samples.end());
}

void SpeakerTrack::finish() {
    if (is_over_) return;
    is_over_ = samples_.empty();
    if (is_over_) return;
    length_ = proto::to_millis(static_cast<proto::SamplePos>(samples_.size()));
    served_at_ = steady_clock::now();
    audio::Segment all{0, std::move(samples_)};
    stream_ = std::make_unique<dispatch::WholeStream>(engines_, model_, std::move(all),
                                                      std::string(), on_change_);
}

void SpeakerTrack::advance(steady_clock::time_point now) {
    if (is_over_ || !stream_) return;
    stream_->give_up_silent_engine(
        now, std::max(dispatch::WholeStream::kAnswerLimit, kSlowest * length_));
    if (const auto& outcome = stream_->outcome()) {
        if (!*outcome) return give_up(outcome->error());
        take_turns(**outcome);
        stream_.reset();
        engines_.look_again();
        is_over_ = true;
        return;
    }
    if (stream_->wants_engine() && !stream_->is_asking()) stream_->ask();
    if (!stream_->wants_engine() || engines_.is_served(model_) || engines_.is_loading(model_))
        served_at_ = now;
    else if (const auto refusal = engines_.refusal(model_))
        give_up(*refusal);
    else if (now - served_at_ >= engine_wait_)
        give_up(Error(Errc::unavailable, "the model that tells speakers is not available"));
}

void SpeakerTrack::give_up(Error why) {
    log::info("model={} tells no speakers: {}", model_, why.message());
    is_over_ = true;
    samples_ = std::vector<std::int16_t>();
    stream_.reset();
    if (is_needed_) failure_ = std::move(why);
}

// Each word is a turn, and its text the speaker's number.
void SpeakerTrack::take_turns(const proto::Utterance& answer) {
    for (const auto& word : answer.words) {
        proto::Turn turn{word.start, word.end, 0};
        const char* const end = word.text.data() + word.text.size();
        const auto [stop, fault] = std::from_chars(word.text.data(), end, turn.speaker);
        if (fault == std::errc() && stop == end && turn.start < turn.end) turns_.push_back(turn);
    }
    std::ranges::stable_sort(turns_, {}, &proto::Turn::start);
}

}  // namespace tutti::scribe
