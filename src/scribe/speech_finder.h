// SPDX-License-Identifier: Apache-2.0
// Where somebody speaks in a file, told by an engine of voice activity while the file is read: the
// file is a live stream to it that comes as fast as it listens.
//
//   while (!finder.accepts_audio()) ...;   finder.push(samples);
//   for (const auto& span : finder.take_spans()) ...
//   finder.finish();                       // then until is_over()
//
// on_change is a hint to look again; it never destroys the finder. An engine that dies is replaced
// and hears again what is needed; failure() is set when that goes on. How long to wait for an
// engine (is_seeking()) is the owner's to say. Loop thread only.
#pragma once

#include "dispatch/engines.h"
#include "policy/session_machine.h"

#include <chrono>
#include <functional>
#include <optional>
#include <vector>

namespace tutti::scribe {

struct SpeechSpan {
    proto::SamplePos start = 0, end = 0;
    bool operator==(const SpeechSpan&) const = default;
};

class SpeechFinder : public dispatch::EngineClient {
  public:
    using Clock = std::chrono::steady_clock;

    SpeechFinder(dispatch::Engines& engines, const std::string& model, proto::Millis end_silence,
                 std::function<void()> on_change);
    ~SpeechFinder() override;

    bool accepts_audio() const { return machine_.accepts_audio(); }
    void push(std::span<const std::int16_t> samples);
    void finish();

    // In order. Speech that goes on for long comes in pieces that follow without a gap.
    std::vector<SpeechSpan> take_spans() { return std::exchange(spans_, {}); }
    // All speech before this was told.
    proto::SamplePos settled() const {
        return is_over() ? machine_.received() : machine_.settled();
    }
    bool is_seeking() const { return request_.is_waiting(); }
    const std::string& model() const { return model_; }
    // Since when an engine owes an answer, or is not found; now when none does.
    Clock::time_point waits_since() const;
    bool is_over() const { return machine_.is_over(); }
    const std::optional<Error>& failure() const { return failure_; }

    void on_engine(dispatch::Lease lease) override;
    void on_unavailable(Error why) override;
    void on_reply(const proto::FromEngine& message) override;
    void on_engine_lost() override;

  private:
    void perform();
    void act(const policy::WantEngine&) { engines_.want(request_); }
    void act(const policy::LeaveEngine&);
    void act(const policy::SendOpen& open) { lease_.open(open.message); }
    void act(const policy::SendAudio& audio);
    void act(const policy::SendFlush& flush) { lease_.post(proto::Flush{flush.ref}); }
    void act(const policy::SendFinish& finish) { lease_.post(proto::Finish{finish.ref}); }
    void act(const policy::SendCancel& cancel) { lease_.post(proto::Cancel{cancel.ref}); }
    void act(const policy::TellFinal& final);
    void act(const policy::TellFailed& failed) { failure_ = failed.error; }
    template <class Other>
    void act(const Other&) {}

    dispatch::Engines& engines_;
    std::string model_;
    std::function<void()> on_change_;
    policy::SessionMachine machine_;
    std::vector<SpeechSpan> spans_;
    std::optional<Error> failure_;
    bool is_finishing_ = false;
    Clock::time_point last_progress_ = Clock::now();  // an answer, or audio while none was owed
    dispatch::Lease lease_;
    dispatch::Engines::Request request_;
};

}  // namespace tutti::scribe
