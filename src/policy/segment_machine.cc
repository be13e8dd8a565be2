// SPDX-License-Identifier: Apache-2.0
#include "policy/segment_machine.h"

#include <algorithm>

namespace tutti::policy {

void SegmentMachine::on_engine_found(std::uint32_t stream) {
    state_ = State::opening;
    ref_ = {stream, ref_.epoch + 1};
    sent_ = decoded_ = first_sample_;
    is_finish_sent_ = false;
    final_.reset();
    actions_.emplace_back(SendOpen{{.ref = ref_,
                                    .mode = proto::StreamMode::whole,
                                    .wants_partials = false,
                                    .endpoint_silence = {},
                                    .first_sample = first_sample_,
                                    .text = text_,
                                    .hotwords = hotwords_}});
}

void SegmentMachine::on_engine_lost() {
    if (has_engine()) try_another();
}

void SegmentMachine::on_engine_silent() {
    if (!has_engine()) return;
    actions_.emplace_back(SendCancel{ref_});
    try_another();
}

void SegmentMachine::on_cancel() {
    if (has_engine()) {
        actions_.emplace_back(SendCancel{ref_});
        actions_.emplace_back(LeaveEngine{});
    }
    end(Error(Errc::canceled));
}

void SegmentMachine::on_message(const proto::FromEngine& message) {
    if (has_engine()) std::visit([this](const auto& m) { on(m); }, message);
}

void SegmentMachine::on(const proto::Opened&) {
    state_ = State::open;
    pump();
}

void SegmentMachine::on(const proto::Refused& refused) {
    if (refused.cause == Errc::bad_request)
        return give_up(Error(Errc::unavailable, "the model has no use for a text"));
    if (refused.cause != Errc::busy && refused.cause != Errc::unavailable) return try_another();
    actions_.emplace_back(LeaveEngine{});
    state_ = State::seeking;
}

void SegmentMachine::on(const proto::Credit& credit) {
    decoded_ = std::max(decoded_, credit.decoded_up_to);
    pump();
}

void SegmentMachine::on(const proto::Final& final) {
    final_ = final.utterance;
}

void SegmentMachine::on(const proto::Finished&) {
    if (!is_finish_sent_ || !final_) return try_another();
    actions_.emplace_back(LeaveEngine{});
    end(std::move(*final_));
}

void SegmentMachine::on(const proto::Failed& failed) {
    if (!failed.holds_everywhere) return try_another();
    give_up(Error(failed.cause, failed.why));
}

void SegmentMachine::pump() {
    if (state_ != State::open || is_finish_sent_) return;
    const auto allowed = std::min(last_sample(), decoded_ + proto::kCreditWindow);
    while (sent_ < allowed) {
        const auto size = std::min(kPiece, allowed - sent_);
        actions_.emplace_back(
            SendAudio{ref_, sent_,
                      std::span(samples_).subspan(static_cast<std::size_t>(sent_ - first_sample_),
                                                  static_cast<std::size_t>(size))});
        sent_ += size;
    }
    if (sent_ < last_sample()) return;
    is_finish_sent_ = true;
    actions_.emplace_back(SendFinish{ref_});
}

void SegmentMachine::try_another() {
    actions_.emplace_back(LeaveEngine{});
    state_ = State::seeking;
    if (++attempts_ == kMaxAttempts)
        end(Error(Errc::internal, "a part of the audio could not be recognised"));
}

void SegmentMachine::give_up(Error why) {
    actions_.emplace_back(LeaveEngine{});
    end(std::move(why));
}

void SegmentMachine::end(Result<proto::Utterance> outcome) {
    state_ = State::over;
    outcome_ = std::move(outcome);
}

}  // namespace tutti::policy
