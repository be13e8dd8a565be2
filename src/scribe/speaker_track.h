// SPDX-License-Identifier: Apache-2.0
// Who speaks in a file: its audio, kept until all of it is there, on its way through a model of
// kind diarization, beside the recognition.
//
//   SpeakerTrack track(engines, submit, engine_wait, on_change);
//   track.push(samples)...; track.finish();        // push: an error when it is too long and needed
//   track.advance(now) on each change and tick;    until is_over()
//   track.failure(), track.turns()
//
// The model needs all of the audio at once, so this holds up to kMaxDiarized of it (115 MB). A
// longer file, an engine that fails or is not there within engine_wait leaves it without turns,
// which is a failure only if speakers are needed. Loop thread only.
#pragma once

#include "dispatch/whole_stream.h"
#include "proto/job_messages.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

namespace tutti::scribe {

class SpeakerTrack {
  public:
    SpeakerTrack(dispatch::Engines& engines, const proto::Submit& submit,
                 std::chrono::milliseconds engine_wait, std::function<void()> on_change);

    void push(std::span<const std::int16_t> samples);
    void finish();
    void advance(std::chrono::steady_clock::time_point now);

    bool is_over() const { return is_over_; }
    // Why the job is to fail.
    const std::optional<Error>& failure() const { return failure_; }
    // By start; REQUIRES: is_over() without failure.
    const std::vector<proto::Turn>& turns() const { return turns_; }

  private:
    void give_up(Error why);
    void take_turns(const proto::Utterance& answer);

    dispatch::Engines& engines_;
    const std::string model_;
    const bool is_needed_;
    const std::chrono::milliseconds engine_wait_;
    std::function<void()> on_change_;
    std::vector<std::int16_t> samples_;
    std::chrono::milliseconds length_{};
    std::chrono::steady_clock::time_point served_at_{};
    std::unique_ptr<dispatch::WholeStream> stream_;
    bool is_over_ = false;
    std::optional<Error> failure_;
    std::vector<proto::Turn> turns_;
};

}  // namespace tutti::scribe
