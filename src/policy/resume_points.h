// SPDX-License-Identifier: Apache-2.0
// Where a live stream stands for its client: how many finals were told, and from which sample on
// the client would have to send again. Pure.
//
//   ResumePoints points(claims, 48000);      // of a new stream, or of the token it goes on with
//   machine starts at points.start();  points.on_final(told);  points.on_settled(position);
//   sign_resume_token(points.claims(), ...)
//
// 1. Offsets count samples of one channel at the client's rate, from the stream's beginning over
// its
//    connections. They are exact: what is rounded is our clock, never the client's.
// 2. The offset never goes back, and never beyond what was told: what was heard before it was told,
//    the rest is still to be.
#pragma once

#include "policy/resume_token.h"
#include "policy/session_machine.h"

namespace tutti::policy {

class ResumePoints {
  public:
    ResumePoints(ResumeClaims at, int rate) : claims_(std::move(at)), rate_(rate) {}

    // On our clock: where the audio of this connection begins.
    SamplePos start() const { return claims_.offset * proto::kSampleRate / rate_; }

    // A final as the client is told of it.
    struct Closed {
        std::uint32_t segment;
        std::int64_t offset;
    };
    Closed on_final(const TellFinal& final);

    // Everything before `position` was told, and nothing waits to be.
    void on_settled(SamplePos position);

    const ResumeClaims& claims() const { return claims_; }

  private:
    ResumeClaims claims_;
    int rate_;
};

}  // namespace tutti::policy
