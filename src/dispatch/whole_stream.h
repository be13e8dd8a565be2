// SPDX-License-Identifier: Apache-2.0
// One piece of audio on its way through the engines as a whole utterance, a segment of a file or
// the second pass of a live stream: performs what policy::SegmentMachine decides.
//
//   if (segment.wants_engine()) segment.ask();     // waits in the engines' queue
//   ... on_change is called ...
//   if (segment.outcome()) ...
//
// on_change is only a hint to look at the segment; it never destroys it. Destroying a segment ends
// its stream at the engine. Loop thread only.
#pragma once

#include "audio/segmenter.h"
#include "dispatch/engines.h"
#include "policy/segment_machine.h"

#include <chrono>
#include <functional>

namespace tutti::dispatch {

class WholeStream : public EngineClient {
  public:
    // An engine that has a segment for this long without a text is not waited for.
    static constexpr auto kAnswerLimit = std::chrono::minutes(10);

    // With a text, the text that is in the segment.
    WholeStream(Engines& engines, const std::string& model, audio::Segment segment,
                std::string text, std::vector<std::string> hotwords,
                std::function<void()> on_change);
    ~WholeStream() override;

    bool wants_engine() const { return machine_.wants_engine(); }
    bool is_asking() const { return request_.is_waiting(); }
    void ask() { engines_.want(request_); }
    void give_up_silent_engine(std::chrono::steady_clock::time_point now);
    const std::optional<Result<proto::Utterance>>& outcome() const { return machine_.outcome(); }

    void on_engine(Lease lease) override;
    // Hints to ask no more; whether to wait is the owner's to know.
    void on_unavailable(Error) override { on_change_(); }
    void on_reply(const proto::FromEngine& message) override;
    void on_engine_lost() override;

  private:
    void perform();
    void act(const policy::SendOpen& open) { lease_.open(open.message); }
    void act(const policy::SendAudio& audio);
    void act(const policy::SendFinish& finish) { lease_.post(proto::Finish{finish.ref}); }
    void act(const policy::SendCancel& cancel) { lease_.post(proto::Cancel{cancel.ref}); }
    void act(const policy::LeaveEngine&) { lease_.reset(); }

    Engines& engines_;
    std::function<void()> on_change_;
    policy::SegmentMachine machine_;
    Lease lease_;
    std::chrono::steady_clock::time_point given_at_{};
    Engines::Request request_;
};

}  // namespace tutti::dispatch
