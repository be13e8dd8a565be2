// SPDX-License-Identifier: Apache-2.0
// One segment of a file on its way through the engines: performs what policy::SegmentMachine
// decides.
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

namespace tutti::scribe {

class SegmentStream : public dispatch::EngineClient {
  public:
    // An engine that has a segment for this long without a text is not waited for.
    static constexpr auto kAnswerLimit = std::chrono::minutes(10);

    // With an align_text, the text that is in the segment.
    SegmentStream(dispatch::Engines& engines, const std::string& model, audio::Segment segment,
                  std::string align_text, std::vector<std::string> hotwords,
                  std::function<void()> on_change);
    ~SegmentStream() override;

    bool wants_engine() const { return machine_.wants_engine(); }
    bool is_asking() const { return request_.is_waiting(); }
    void ask() { engines_.want(request_); }
    void give_up_silent_engine(std::chrono::steady_clock::time_point now);
    const std::optional<Result<proto::Utterance>>& outcome() const { return machine_.outcome(); }

    void on_engine(dispatch::Lease lease) override;
    void on_reply(const proto::FromEngine& message) override;
    void on_engine_lost() override;

  private:
    void perform();
    void act(const policy::SendOpen& open) { lease_.open(open.message); }
    void act(const policy::SendAudio& audio);
    void act(const policy::SendFinish& finish) { lease_.post(proto::Finish{finish.ref}); }
    void act(const policy::SendCancel& cancel) { lease_.post(proto::Cancel{cancel.ref}); }
    void act(const policy::LeaveEngine&) { lease_.reset(); }

    dispatch::Engines& engines_;
    std::function<void()> on_change_;
    policy::SegmentMachine machine_;
    dispatch::Lease lease_;
    std::chrono::steady_clock::time_point given_at_{};
    dispatch::Engines::Request request_;
};

}  // namespace tutti::scribe
