// SPDX-License-Identifier: Apache-2.0
#include "policy/session_machine.h"

#include "base/check.h"

#include <algorithm>

namespace tutti::policy {
namespace {

// Kept audio is trimmed in steps, so that the move of what remains costs little per sample.
constexpr SamplePos kTrimStep = proto::kSampleRate;
// How far `settled` lags in silence: the audio an utterance may still begin in, the step of credit,
// and a message on its way.
constexpr SamplePos kQuietLag = 3 * proto::kSampleRate / 2;

}  // namespace

SessionMachine::SessionMachine(Options options) : options_(std::move(options)) {
    kept_from_ = received_ = sent_ = decoded_ = settled_ = options_.start;
}

void SessionMachine::on_audio(std::span<const std::int16_t> samples) {
    if (state_ == State::over || samples.empty() || is_finishing()) return;
    kept_.insert(kept_.end(), samples.begin(), samples.end());
    received_ += static_cast<SamplePos>(samples.size());
    if (state_ == State::idle) resume();
    pump();
}

void SessionMachine::on_begin() {
    if (state_ == State::open || state_ == State::opening) {
        act(SendCancel{ref_});
        act(LeaveEngine{});
    }
    // An answer still under way to the old epoch is dropped by the shell.
    ++ref_.epoch;
    state_ = State::idle;
    marks_.clear();
    kept_.clear();
    kept_from_ = sent_ = decoded_ = settled_ = received_;
    is_speaking_ = owes_utterance_end_ = is_resting_ = has_ended_input_ = false;
    attempts_ = 0;
}

void SessionMachine::on_flush() {
    if (state_ == State::over || is_finishing()) return;
    if (state_ == State::idle && settled_ == received_) return act(TellFlushed{});
    marks_.push_back({received_, false});
    if (state_ == State::idle) resume();
    pump();
}

void SessionMachine::on_finish() {
    if (state_ == State::over || is_finishing()) return;
    if (state_ == State::idle && settled_ == received_) return finish_without_engine();
    marks_.push_back({received_, true});
    if (state_ == State::idle) resume();
    pump();
}

bool SessionMachine::is_mid_utterance() const {
    if (state_ == State::over) return false;
    return is_speaking_ || !marks_.empty() || received_ - settled_ > kQuietLag;
}

void SessionMachine::on_leave() {
    is_leaving_ = true;
    if (!is_mid_utterance()) end_input();
}

void SessionMachine::on_leave_now() {
    is_leaving_ = true;
    end_input();
}

void SessionMachine::end_input() {
    if (state_ == State::over || is_finishing() || has_ended_input_) return;
    has_ended_input_ = true;
    act(EndInput{});
}

bool SessionMachine::is_finishing() const {
    return !marks_.empty() && marks_.back().is_finish;
}

void SessionMachine::finish_without_engine() {
    state_ = State::over;
    act(TellFinished{proto::to_millis(received_)});
}

void SessionMachine::seek() {
    state_ = State::seeking;
    act(WantEngine{});
}

// From idle, for what came from the client.
void SessionMachine::resume() {
    if (std::exchange(is_resting_, false)) ++replays_;
    seek();
}

void SessionMachine::on_engine_found(std::uint32_t stream) {
    check(state_ == State::seeking, "an engine came unasked");
    state_ = State::opening;
    ref_ = {stream, ref_.epoch + 1};
    sent_ = decoded_ = settled_;
    for (auto& mark : marks_) mark.is_sent = false;
    act(SendOpen{{ref_,
                  proto::StreamMode::live,
                  options_.wants_partials,
                  options_.endpoint_silence,
                  settled_,
                  {},
                  options_.hotwords}});
}

void SessionMachine::on_engine_lost() {
    if (state_ != State::opening && state_ != State::open) return;
    if (settled_ < received_ && ++attempts_ >= kMaxAttempts)
        return fail(Error(Errc::internal, "recognition failed repeatedly on the same audio"));
    if (!is_mid_utterance()) {
        state_ = State::idle;
        is_resting_ = true;
        return;
    }
    ++replays_;
    seek();
}

void SessionMachine::on_no_engine(Error why) {
    if (state_ == State::seeking) fail(std::move(why));
}

void SessionMachine::on_message(const proto::FromEngine& message) {
    if (state_ != State::opening && state_ != State::open) return;
    std::visit([this](const auto& m) { on(m); }, message);
}

void SessionMachine::on(const proto::Opened&) {
    state_ = State::open;
    pump();
}

void SessionMachine::on(const proto::Refused&) {
    // No room there after all; nothing was lost and no attempt is counted.
    act(LeaveEngine{});
    seek();
}

void SessionMachine::on(const proto::SpeechStarted& message) {
    is_speaking_ = true;
    owes_utterance_end_ = false;
    // Speech heard again by the next engine was announced before.
    if (message.at <= announced_up_to_) return;
    announced_up_to_ = message.at;
    act(TellSpeechStarted{proto::to_millis(message.at)});
}

void SessionMachine::on(const proto::Partial& message) {
    // Somebody speaks, though an utterance that goes on after a cut is not announced.
    owes_utterance_end_ = false;
    act(TellPartial{message.utterance});
}

void SessionMachine::on(const proto::Final& message) {
    // The next utterance may have been announced before this one was decoded.
    is_speaking_ = announced_up_to_ >= message.consumed_up_to;
    const auto& utterance = message.utterance;
    if (!utterance.text.empty()) {
        // Not every model knows the times of its words.
        last_word_end_ = utterance.words.empty() ? utterance.end : utterance.words.back().end;
        owes_utterance_end_ = options_.utterance_end > Millis(0);
    }
    act(with_audio(
        {.utterance = message.utterance, .cause = message.cause, .closes = message.consumed_up_to},
        message.consumed_up_to));
    note_decoded(message.consumed_up_to);
    settle(message.consumed_up_to);
    pump();
    // Cut for its length alone, the utterance goes on.
    if (is_leaving_ && message.cause != proto::FinalCause::length) end_input();
}

TellFinal SessionMachine::with_audio(TellFinal final, SamplePos end) const {
    if (!options_.copies_audio || final.utterance.text.empty()) return final;
    // Nothing before `settled` is this utterance's, whatever its start was rounded to.
    final.first_sample = std::max(proto::to_samples(final.utterance.start), settled_);
    end = std::min(end, sent_);
    if (final.first_sample >= end) return final;
    const auto from = kept_.begin() + (final.first_sample - kept_from_);
    final.audio.assign(from, from + (end - final.first_sample));
    return final;
}

void SessionMachine::on(const proto::Flushed&) {
    if (marks_.empty() || marks_.front().is_finish || !marks_.front().is_sent) return;
    marks_.pop_front();
    act(TellFlushed{});
}

void SessionMachine::on(const proto::Credit& message) {
    note_decoded(message.decoded_up_to);
    settle(message.settled_up_to);
    // What the last engine took for speech, this one did not.
    if (settled_ > announced_up_to_) is_speaking_ = false;
    tell_utterance_end_if_due();
    pump();
}

void SessionMachine::on(const proto::Finished&) {
    state_ = State::over;
    act(LeaveEngine{});
    act(TellFinished{proto::to_millis(received_)});
}

void SessionMachine::on(const proto::Failed& message) {
    act(LeaveEngine{});
    if (message.holds_everywhere || ++attempts_ >= kMaxAttempts)
        return fail(Error(message.cause, message.why));
    ++replays_;
    seek();
}

void SessionMachine::pump() {
    if (state_ != State::open) return;
    const SamplePos allowed = std::min(received_, decoded_ + proto::kCreditWindow);
    for (auto& mark : marks_) {
        if (mark.is_sent) continue;
        send_audio_up_to(std::min(allowed, mark.at));
        if (sent_ < mark.at) return;
        mark.is_sent = true;
        if (mark.is_finish)
            act(SendFinish{ref_});
        else
            act(SendFlush{ref_});
    }
    send_audio_up_to(allowed);
}

void SessionMachine::send_audio_up_to(SamplePos end) {
    if (end <= sent_) return;
    const auto from = static_cast<std::size_t>(sent_ - kept_from_);
    const auto count = static_cast<std::size_t>(end - sent_);
    act(SendAudio{ref_, sent_, std::span(kept_).subspan(from, count)});
    sent_ = end;
}

void SessionMachine::note_decoded(SamplePos position) {
    decoded_ = std::clamp(position, decoded_, sent_);
}

void SessionMachine::settle(SamplePos position) {
    position = std::min(position, sent_);
    if (position <= settled_) return;
    settled_ = position;
    attempts_ = 0;
    if (settled_ - kept_from_ < kTrimStep) return;
    kept_.erase(kept_.begin(), kept_.begin() + (settled_ - kept_from_));
    kept_from_ = settled_;
    if (kept_.capacity() > 4 * (kept_.size() + kTrimStep)) kept_.shrink_to_fit();
}

void SessionMachine::tell_utterance_end_if_due() {
    if (!owes_utterance_end_ || is_speaking_) return;
    if (proto::to_millis(decoded_) - last_word_end_ < options_.utterance_end) return;
    owes_utterance_end_ = false;
    act(TellUtteranceEnd{last_word_end_});
}

void SessionMachine::fail(Error error) {
    state_ = State::over;
    act(TellFailed{std::move(error)});
}

}  // namespace tutti::policy
