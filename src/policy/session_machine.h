// SPDX-License-Identifier: Apache-2.0
// The course of one live stream: what to send the engine, what to keep, what to tell the client.
// Pure; the shell (gateway/live_session) feeds it and performs its actions in order.
//
//   machine.on_audio(samples);  machine.on_message(reply);  for (auto& a : machine.take_actions())
//
// 1. The stream's clock counts the samples the client sent, from Options::start. It never goes
// back.
// 2. Audio is kept from `settled` (the engine's word that nothing before is needed) to its end. A
//    lost engine costs nothing but time: the next one is opened at `settled` and hears the kept
//    audio again. A final and the move of `settled` come in one message, so no word is lost or
//    doubled.
// 3. At most kCreditWindow of audio is under way to the engine, and at most `backlog_limit` is
//    taken from the client beyond what is decoded: then accepts_audio() is false and the shell
//    stops reading. What is kept is bounded by backlog_limit + kMaxUtterance.
// 4. Spans in actions point into what is kept: take and perform the actions after every call.
// 5. Audio that three engines in a row died of, or failed at, ends the session (Errc::internal);
//    so does at once a failure that every engine would meet, with its own cause.
//    A stream that is quiet when its engine goes looks for no other until more comes from the
//    client, so a client that pauses outlives any number of engines.
// 6. A stream that is to leave (on_leave) ends its input after the utterance, never within it.
#pragma once

#include "base/error.h"
#include "proto/engine_messages.h"

#include <deque>
#include <span>
#include <utility>
#include <variant>
#include <vector>

namespace tutti::policy {

using proto::Millis;
using proto::SamplePos;

// --- actions: towards the engine ---
// Find an engine with room, then call on_engine_found.
struct WantEngine {};
// The stream at this engine is over.
struct LeaveEngine {};
struct SendOpen {
    proto::Open message;
};
struct SendAudio {
    proto::StreamRef ref;
    SamplePos first_sample;
    std::span<const std::int16_t> samples;
};
struct SendFlush {
    proto::StreamRef ref;
};
struct SendFinish {
    proto::StreamRef ref;
};
struct SendCancel {
    proto::StreamRef ref;
};
// --- actions: within the shell ---
// The client is to go: end its input as if it had said so itself.
struct EndInput {};
// --- actions: towards the client ---
struct TellSpeechStarted {
    Millis at;
};
struct TellPartial {
    proto::Utterance utterance;
};
struct TellFinal {
    proto::Utterance utterance;
    proto::FinalCause cause;
    // What the utterance was heard in, when Options::copies_audio and it has a text.
    SamplePos first_sample = 0;
    std::vector<std::int16_t> audio{};
    SamplePos closes = 0;  // with it, all that is told of audio before this has been told
};
struct TellUtteranceEnd {
    Millis last_word_end;
};
struct TellFlushed {};
struct TellFinished {
    Millis audio_duration;
};
struct TellFailed {
    Error error;
};

using SessionAction =
    std::variant<WantEngine, LeaveEngine, SendOpen, SendAudio, SendFlush, SendFinish, SendCancel,
                 EndInput, TellSpeechStarted, TellPartial, TellFinal, TellUtteranceEnd, TellFlushed,
                 TellFinished, TellFailed>;

class SessionMachine {
  public:
    struct Options {
        bool wants_partials = false;
        bool copies_audio = false;  // of each final
        Millis endpoint_silence{700};
        Millis utterance_end{};  // zero = never told
        std::vector<std::string> hotwords = {};
        SamplePos backlog_limit = 30 * proto::kSampleRate;
        SamplePos start = 0;  // on the stream's clock, when it goes on from an earlier connection
    };
    static constexpr int kMaxAttempts = 3;

    explicit SessionMachine(Options options);

    // From the client. Begin starts anew even after a failure.
    void on_audio(std::span<const std::int16_t> samples);
    void on_begin();
    void on_flush();
    void on_finish();

    // From the gateway that is to end; may be repeated. The first lets the utterance end, the
    // second does not wait for it.
    void on_leave();
    void on_leave_now();

    // From the engine side. `stream` is the number the shell chose on that engine's connection.
    void on_engine_found(std::uint32_t stream);
    void on_engine_lost();
    void on_no_engine(Error why);  // the shell waited long enough
    // Replies of an earlier epoch are the shell's to drop: they never reach this.
    void on_message(const proto::FromEngine& message);

    std::vector<SessionAction> take_actions() { return std::exchange(actions_, {}); }

    bool accepts_audio() const { return received_ - decoded_ < options_.backlog_limit; }
    bool is_over() const { return state_ == State::over; }
    // Speech is being heard, an answer is owed, or there is more audio without a verdict than the
    // engine's word lags behind in silence.
    bool is_mid_utterance() const;
    std::uint32_t epoch() const { return ref_.epoch; }
    SamplePos received() const { return received_; }
    // All that is told of audio before this was told.
    SamplePos settled() const { return settled_; }
    std::size_t kept_samples() const { return kept_.size(); }
    std::int64_t replays() const { return replays_; }

  private:
    enum class State { idle, seeking, opening, open, over };
    // A flush or the finish, at its place in the audio; repeated to the next engine when lost.
    struct Mark {
        SamplePos at;
        bool is_finish;
        bool is_sent = false;
    };

    void on(const proto::Opened&);
    void on(const proto::Refused&);
    void on(const proto::SpeechStarted&);
    void on(const proto::Partial&);
    void on(const proto::Final&);
    void on(const proto::Flushed&);
    void on(const proto::Credit&);
    void on(const proto::Finished&);
    void on(const proto::Failed&);

    void seek();
    void resume();
    void end_input();
    void pump();
    void send_audio_up_to(SamplePos end);
    void settle(SamplePos position);
    TellFinal with_audio(TellFinal final, SamplePos end) const;
    void note_decoded(SamplePos position);
    void tell_utterance_end_if_due();
    bool is_finishing() const;
    void finish_without_engine();
    void fail(Error error);
    template <class Action>
    void act(Action action) {
        actions_.emplace_back(std::move(action));
    }

    Options options_;
    State state_ = State::idle;
    proto::StreamRef ref_;
    std::vector<SessionAction> actions_;

    std::vector<std::int16_t> kept_;  // audio from kept_from_ to received_
    SamplePos kept_from_ = 0;
    SamplePos received_ = 0;
    SamplePos sent_ = 0;
    SamplePos decoded_ = 0;
    SamplePos settled_ = 0;
    std::deque<Mark> marks_;

    bool is_speaking_ = false;
    SamplePos announced_up_to_ = -1;  // the latest start of speech the client was told
    bool owes_utterance_end_ = false;
    Millis last_word_end_{};
    bool is_leaving_ = false;
    bool has_ended_input_ = false;
    int attempts_ = 0;         // engines lost since `settled_` last moved
    bool is_resting_ = false;  // idle because its engine went while it was quiet
    std::int64_t replays_ = 0;
};

}  // namespace tutti::policy
