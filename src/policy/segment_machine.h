// SPDX-License-Identifier: Apache-2.0
// The course of one piece of audio that is recognised as a whole: what to send the engine, when to
// send it to another one, when to give up. Pure; the shell (dispatch/whole_stream) feeds it and
// performs its actions.
//
//   while machine.wants_engine(): find one, then on_engine_found(stream)
//   machine.on_message(reply);  for (auto& a : machine.take_actions()) ...
//   machine.outcome()           // when it is there, all is over
//
// 1. The samples are kept until the segment's text is known. An engine that dies, fails or keeps
//    silent costs one of kMaxAttempts, and another one hears all of them again. A failure that
//    every engine would meet ends the segment at once, with its cause.
// 2. An engine that refuses costs nothing; the wait for one is the shell's to limit.
// 3. At most kCreditWindow of audio is under way, in pieces of at most kPiece.
// 4. With a text the segment is aligned with it. What is wrong with the text (Errc::
//    bad_request, bad_parameter) is the outcome at once; an engine that does not align is
//    Errc::unavailable.
// 5. Spans in actions point into the samples: perform the actions before the next call.
#pragma once

#include "base/error.h"
#include "policy/session_machine.h"
#include "proto/engine_messages.h"

#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace tutti::policy {

using SegmentAction = std::variant<SendOpen, SendAudio, SendFinish, SendCancel, LeaveEngine>;

class SegmentMachine {
  public:
    static constexpr int kMaxAttempts = 3;
    static constexpr SamplePos kPiece = 32 * 1024;

    SegmentMachine(SamplePos first_sample, std::vector<std::int16_t> samples, std::string text = {},
                   std::vector<std::string> hotwords = {})
        : first_sample_(first_sample),
          samples_(std::move(samples)),
          text_(std::move(text)),
          hotwords_(std::move(hotwords)) {}

    // `stream` is the number that stands for the segment on that engine's connection.
    void on_engine_found(std::uint32_t stream);
    void on_engine_lost();
    // The shell waited long enough for the engine's text.
    void on_engine_silent();
    // Replies of an earlier epoch never reach this.
    void on_message(const proto::FromEngine& message);
    // Nobody wants the text any more.
    void on_cancel();

    std::vector<SegmentAction> take_actions() { return std::exchange(actions_, {}); }

    bool wants_engine() const { return state_ == State::seeking; }
    bool has_engine() const { return state_ == State::opening || state_ == State::open; }
    // The utterance with times on the file's clock, or why there is none.
    const std::optional<Result<proto::Utterance>>& outcome() const { return outcome_; }

  private:
    enum class State { seeking, opening, open, over };

    void on(const proto::Opened&);
    void on(const proto::Refused&);
    void on(const proto::Final&);
    void on(const proto::Credit&);
    void on(const proto::Finished&);
    void on(const proto::Failed&);
    void on(const auto&) {}

    void pump();
    void try_another();
    void give_up(Error why);
    void end(Result<proto::Utterance> outcome);
    SamplePos last_sample() const {
        return first_sample_ + static_cast<SamplePos>(samples_.size());
    }

    const SamplePos first_sample_;
    std::vector<std::int16_t> samples_;
    std::string text_;
    std::vector<std::string> hotwords_;
    State state_ = State::seeking;
    proto::StreamRef ref_;
    SamplePos sent_ = 0;
    SamplePos decoded_ = 0;
    bool is_finish_sent_ = false;
    int attempts_ = 0;  // engines that were given the segment and did not answer
    std::optional<proto::Utterance> final_;
    std::optional<Result<proto::Utterance>> outcome_;
    std::vector<SegmentAction> actions_;
};

}  // namespace tutti::policy
