// SPDX-License-Identifier: Apache-2.0
// What a live session does for its machine: towards the engine, and towards the client.
#include "base/log.h"
#include "gateway/live_session.h"

namespace tutti::gateway {
namespace {

constexpr std::size_t kAudioPiece = 64 * 1024;  // bytes of one engine message

dialect::Final::Cause to_dialect(proto::FinalCause cause) {
    switch (cause) {
        case proto::FinalCause::endpoint:
            return dialect::Final::Cause::endpoint;
        case proto::FinalCause::flush:
            return dialect::Final::Cause::flush;
        case proto::FinalCause::finish:
            return dialect::Final::Cause::finish;
        case proto::FinalCause::length:
            return dialect::Final::Cause::length;
    }
    return dialect::Final::Cause::endpoint;
}

std::string_view bytes_of(std::span<const std::int16_t> samples) {
    return {reinterpret_cast<const char*>(samples.data()), samples.size_bytes()};
}

}  // namespace

void LiveSession::act() {
    for (auto& action : machine_.take_actions()) std::visit([this](auto& a) { act(a); }, action);
    if (machine_.replays() > replays_seen_) {
        services_.slot.add(runtime::Metric::live_replays, machine_.replays() - replays_seen_);
        log::info("session={} goes on at another engine", id_);
        replays_seen_ = machine_.replays();
    }
    if (machine_.accepts_audio()) reading_allowed_.cancel();
}

void LiveSession::act(const policy::WantEngine&) {
    seeking_since_ = Clock::now();
    watchdog_.cancel();
    services_.engines.want(request_);
}

void LiveSession::act(const policy::LeaveEngine&) {
    lease_.reset();
    services_.engines.look_again();
}

void LiveSession::act(const policy::SendOpen& action) {
    lease_.open(action.message);
}

void LiveSession::act(const policy::SendAudio& action) {
    auto bytes = bytes_of(action.samples);
    auto at = action.first_sample;
    while (!bytes.empty()) {
        const auto piece = bytes.substr(0, kAudioPiece);
        lease_.post(proto::Audio{action.ref, at, piece});
        at += static_cast<proto::SamplePos>(piece.size() / 2);
        bytes.remove_prefix(piece.size());
    }
}

void LiveSession::act(const policy::SendFlush& action) {
    lease_.post(proto::Flush{action.ref});
}
void LiveSession::act(const policy::SendFinish& action) {
    lease_.post(proto::Finish{action.ref});
}
void LiveSession::act(const policy::SendCancel& action) {
    lease_.post(proto::Cancel{action.ref});
}

void LiveSession::act(const policy::EndInput&) {
    if (has_client_finished_) return;
    is_told_to_go_ = true;
    // Who will go on elsewhere says there again what was not told: nothing needs to be cut short.
    if (is_resumable_) return finals_.on_told(policy::TellFinished{});
    end_input();
    // The reader feeds only what it reads, and nothing more may come.
    if (container_) tasks_.spawn("live container end", feed_container());
}

void LiveSession::act(const policy::TellSpeechStarted& action) {
    tell(dialect::SpeechStarted{action.at});
}

void LiveSession::act(const policy::TellPartial& action) {
    services_.slot.add(runtime::Metric::live_partials);
    is_telling_partial_ = true;
    tell(dialect::Partial{action.utterance, action.utterance.end, finals_.end_of_finals()});
    is_telling_partial_ = false;
}

void LiveSession::tell_in_order(const policy::TellFinal& action) {
    services_.slot.add(runtime::Metric::live_finals);
    const auto closed = points_.on_final(action);
    tell(dialect::Final{action.utterance, to_dialect(action.cause), closed.segment, closed.offset,
                        is_resumable_ ? renew_token() : std::string()});
}

void LiveSession::tell_resume_point() {
    if (finals_.is_idle() && !goes_on_elsewhere()) points_.on_settled(machine_.settled());
    auto token = renew_token();
    const auto& at = points_.claims();
    tell(dialect::ResumePoint{at.segment, at.offset, std::move(token),
                              services_.config.resume_window});
}

std::string LiveSession::renew_token() {
    token_renewal_ = Clock::now() + policy::resume_renewal(services_.config.resume_window);
    return policy::sign_resume_token(points_.claims(), std::chrono::system_clock::now(),
                                     services_.resume_key);
}

void LiveSession::tell_in_order(const policy::TellUtteranceEnd& action) {
    tell(dialect::UtteranceEnd{action.last_word_end});
}

void LiveSession::tell_in_order(const policy::TellFlushed&) {
    tell(dialect::Flushed{});
}

void LiveSession::tell_in_order(const policy::TellFinished& action) {
    if (is_told_to_go_) return tell_to_come_again();
    tell(dialect::Finished{action.audio_duration, sha_.finish_hex()});
}

void LiveSession::tell_in_order(const policy::TellFailed& action) {
    services_.slot.add(runtime::Metric::live_failures);
    log::warn("session={} failed: {}", id_, action.error.message());
    tell(dialect::Failed{action.error});
}

}  // namespace tutti::gateway
