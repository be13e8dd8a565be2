// SPDX-License-Identifier: Apache-2.0
#include "media/decoder.h"

#include "media/codecs.h"

#include <fmt/format.h>

namespace tutti::media {
namespace {

// Zero is "not known yet" and is judged by the first frame.
Result<void> check_limits(int sample_rate, int channels) {
    if (channels > kMaxChannels)
        return Error(Errc::too_large, fmt::format("channels: {} channels, at most {} are allowed",
                                                  channels, kMaxChannels));
    if (sample_rate != 0 && (sample_rate < kMinSampleRate || sample_rate > kMaxSampleRate))
        return Error(Errc::too_large, fmt::format("rate: {} Hz, {} to {} Hz are allowed",
                                                  sample_rate, kMinSampleRate, kMaxSampleRate));
    return {};
}

Error codec_error(int code, const char* name) {
    if (code == AVERROR(ENOMEM))
        return Error(Errc::too_large, "memory: the media needs more memory than is allowed");
    return Error(Errc::undecodable_audio, fmt::format("codec: {} cannot be decoded", name));
}

}  // namespace

Result<Decoder> Decoder::open(const AVStream& stream) {
    const auto& parameters = *stream.codecpar;
    const char* name = avcodec_get_name(parameters.codec_id);
    if (auto ok = check_limits(parameters.sample_rate, parameters.ch_layout.nb_channels); !ok)
        return ok.error();
    const auto* codec = avcodec_find_decoder(parameters.codec_id);
    Decoder decoder;
    decoder.context_.reset(codec ? avcodec_alloc_context3(codec) : nullptr);
    decoder.frame_.reset(av_frame_alloc());
    if (!decoder.context_ || !decoder.frame_) return codec_error(0, name);

    auto& context = *decoder.context_;
    context.thread_count = 1;
    context.pkt_timebase = stream.time_base;
    context.codec_whitelist = av_strdup(kDecoderNames);
    int opened = avcodec_parameters_to_context(&context, &parameters);
    if (opened >= 0) opened = avcodec_open2(&context, codec, nullptr);
    if (opened < 0) return codec_error(opened, name);
    return decoder;
}

Result<void> Decoder::decode(const AVPacket& packet, std::vector<std::int16_t>& out) {
    has_packets_ = has_packets_ || packet.size > 0;
    return run(&packet, out);
}

Result<void> Decoder::decode_rest(std::vector<std::int16_t>& out) {
    if (auto done = run(nullptr, out); !done) return done;
    if (has_packets_ && !has_frames_)
        return Error(Errc::undecodable_audio, "broken: no audio frame could be decoded");
    return converter_.finish(out);
}

Result<void> Decoder::run(const AVPacket* packet, std::vector<std::int16_t>& out) {
    int code = avcodec_send_packet(context_.get(), packet);
    while (code != AVERROR(ENOMEM)) {
        code = avcodec_receive_frame(context_.get(), frame_.get());
        if (code == AVERROR(ENOMEM)) break;
        if (code < 0) return {};
        has_frames_ = true;
        if (auto ok = check_limits(frame_->sample_rate, frame_->ch_layout.nb_channels); !ok)
            return ok;
        if (auto converted = converter_.convert(*frame_, out); !converted) return converted;
    }
    return codec_error(code, codec_name());
}

}  // namespace tutti::media
