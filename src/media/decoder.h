// SPDX-License-Identifier: Apache-2.0
// Turns packets into 16 kHz mono samples: one libav audio decoder and the converter behind it.
//
//   Decoder::open(stream); decode(packet, out)*; decode_rest(out)
//
// The limits on channels and rate are checked before the codec is opened and again on every
// frame, since a stream may change them. A damaged packet is skipped.
#pragma once

#include "media/converter.h"

namespace tutti::media {

class Decoder {
  public:
    static Result<Decoder> open(const AVStream& stream);

    // Appends the packet's samples to `out`.
    Result<void> decode(const AVPacket& packet, std::vector<std::int16_t>& out);
    // Appends what the codec and the resampler still hold. Fails when the media had packets but
    // not one of them could be decoded.
    Result<void> decode_rest(std::vector<std::int16_t>& out);

    const char* codec_name() const { return avcodec_get_name(context_->codec_id); }
    // Of the media; 0 = no frame was decoded so far and the container does not say.
    int sample_rate() const { return context_->sample_rate; }
    int channels() const { return context_->ch_layout.nb_channels; }

  private:
    Decoder() = default;
    Result<void> run(const AVPacket* packet, std::vector<std::int16_t>& out);

    AvPtr<AVCodecContext> context_;
    AvPtr<AVFrame> frame_;
    Converter converter_;
    bool has_packets_ = false;
    bool has_frames_ = false;
};

}  // namespace tutti::media
