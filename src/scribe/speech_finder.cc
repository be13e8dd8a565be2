// SPDX-License-Identifier: Apache-2.0
#include "scribe/speech_finder.h"

namespace tutti::scribe {
namespace {

// Of one message to an engine.
constexpr std::size_t kPiece = 32 * 1024;

}  // namespace

SpeechFinder::SpeechFinder(dispatch::Engines& engines, const std::string& model,
                           proto::Millis end_silence, std::function<void()> on_change)
    : engines_(engines),
      model_(model),
      on_change_(std::move(on_change)),
      machine_({.endpoint_silence = end_silence}),
      request_(engines, *this, model, proto::StreamMode::live) {
}

SpeechFinder::~SpeechFinder() {
    on_change_ = [] {};
    machine_.on_begin();  // gives up what runs at the engine
    perform();
}

SpeechFinder::Clock::time_point SpeechFinder::waits_since() const {
    const bool is_owed = is_seeking() || is_finishing_ || !accepts_audio();
    return is_owed && !is_over() ? last_progress_ : Clock::now();
}

void SpeechFinder::push(std::span<const std::int16_t> samples) {
    if (accepts_audio() && !is_seeking()) last_progress_ = Clock::now();
    machine_.on_audio(samples);
    perform();
}

void SpeechFinder::finish() {
    is_finishing_ = true;
    if (!is_seeking()) last_progress_ = Clock::now();
    machine_.on_finish();
    perform();
}

void SpeechFinder::on_engine(dispatch::Lease lease) {
    last_progress_ = Clock::now();
    lease_ = std::move(lease);
    machine_.on_engine_found(lease_.stream());
    perform();
    on_change_();
}

void SpeechFinder::on_unavailable(Error why) {
    machine_.on_no_engine(std::move(why));
    perform();
    on_change_();
}

void SpeechFinder::on_reply(const proto::FromEngine& message) {
    last_progress_ = Clock::now();
    machine_.on_message(message);
    perform();
    on_change_();
}

void SpeechFinder::on_engine_lost() {
    machine_.on_engine_lost();
    perform();
    on_change_();
}

void SpeechFinder::perform() {
    for (const auto& action : machine_.take_actions())
        std::visit([this](const auto& a) { act(a); }, action);
}

void SpeechFinder::act(const policy::LeaveEngine&) {
    lease_.reset();
    engines_.look_again();
}

void SpeechFinder::act(const policy::SendAudio& audio) {
    auto samples = audio.samples;
    for (auto at = audio.first_sample; !samples.empty();) {
        const auto piece = samples.first(std::min(kPiece, samples.size()));
        const auto bytes = std::as_bytes(piece);
        lease_.post(proto::Audio{
            audio.ref, at, {reinterpret_cast<const char*>(bytes.data()), bytes.size()}});
        at += static_cast<proto::SamplePos>(piece.size());
        samples = samples.subspan(piece.size());
    }
}

void SpeechFinder::act(const policy::TellFinal& final) {
    const SpeechSpan span{proto::to_samples(final.utterance.start),
                          proto::to_samples(final.utterance.end)};
    if (span.end > span.start) spans_.push_back(span);
}

}  // namespace tutti::scribe
