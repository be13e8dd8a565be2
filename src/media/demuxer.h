// SPDX-License-Identifier: Apache-2.0
// Reads the packets of the first audio stream of a container. Other streams are skipped unread,
// and whatever a container names outside itself is never opened.
#pragma once

#include "base/error.h"
#include "media/av.h"
#include "media/input.h"
#include "proto/transcript.h"

namespace tutti::media {

enum class Pace {
    whole,  // the input is all there: look into it before decoding, for a better duration
    live,   // decode from the first packet on
};

class Demuxer {
  public:
    // `input` outlives the demuxer.
    static Result<Demuxer> open(Input& input, audio::Container container, Pace pace);

    // The next packet of the stream, or false at the end. What is damaged or cut off ends the
    // media too: everything before it counts.
    Result<bool> read(AVPacket& packet);

    const AVStream& stream() const { return *stream_; }
    // As the container claims; 0 when it does not.
    proto::Millis claimed_duration() const;

  private:
    Demuxer() = default;
    Result<void> choose_stream();

    AvPtr<AVIOContext> io_;
    AvPtr<AVFormatContext> format_;
    AVStream* stream_ = nullptr;  // of format_
};

}  // namespace tutti::media
