// SPDX-License-Identifier: Apache-2.0
#include "media/demuxer.h"

#include "media/codecs.h"

#include <algorithm>
#include <span>

namespace tutti::media {
namespace {

int read_input(void* opaque, std::uint8_t* out, int size) {
    const auto count = static_cast<Input*>(opaque)->read(reinterpret_cast<char*>(out),
                                                         static_cast<std::size_t>(size));
    if (count == 0) return AVERROR_EOF;
    return count < 0 ? AVERROR(EIO) : static_cast<int>(count);
}

std::int64_t seek_input(void* opaque, std::int64_t offset, int whence) {
    auto& input = *static_cast<Input*>(opaque);
    if (whence & AVSEEK_SIZE) return *input.size();
    if ((whence & ~AVSEEK_FORCE) != SEEK_SET || offset < 0) return AVERROR(EINVAL);
    input.seek_to(offset);
    return offset;
}

int refuse_to_open(AVFormatContext*, AVIOContext**, const char*, int, AVDictionary**) {
    return AVERROR(EPERM);
}

AvPtr<AVIOContext> make_io(Input& input) {
    static constexpr int kBufferBytes = 32 * 1024;
    auto* buffer = static_cast<unsigned char*>(av_malloc(kBufferBytes));
    if (!buffer) return nullptr;
    AvPtr<AVIOContext> io(avio_alloc_context(buffer, kBufferBytes, 0, &input, read_input, nullptr,
                                             input.size() ? seek_input : nullptr));
    if (!io) av_free(buffer);
    return io;
}

AvPtr<AVFormatContext> make_format(AVIOContext& io, Pace pace) {
    AvPtr<AVFormatContext> format(avformat_alloc_context());
    if (!format) return nullptr;
    format->pb = &io;
    format->flags |= AVFMT_FLAG_CUSTOM_IO;
    format->io_open = refuse_to_open;
    format->codec_whitelist = av_strdup(kDecoderNames);
    format->probesize = 1024 * 1024;
    format->max_analyze_duration = AV_TIME_BASE;
    // Else the samples of a WAV wait until they are sure to be no disguised DTS.
    format->max_probe_packets = 1;
    if (pace == Pace::live) format->flags |= AVFMT_FLAG_NOBUFFER;
    return format;
}

Error out_of_memory() {
    return Error(Errc::too_large, "memory: the media needs more memory than is allowed");
}

}  // namespace

Result<Demuxer> Demuxer::open(Input& input, audio::Container container, Pace pace) {
    Demuxer demuxer;
    demuxer.io_ = make_io(input);
    if (!demuxer.io_) return out_of_memory();
    demuxer.format_ = make_format(*demuxer.io_, pace);
    if (!demuxer.format_) return out_of_memory();

    const char* name = demuxer_name(container);
    const auto* forced = av_find_input_format(name);
    if (!forced) return Error(Errc::internal, "io: libav lacks a demuxer");
    // On failure libav frees the context itself.
    auto* raw = demuxer.format_.release();
    const int opened = avformat_open_input(&raw, "", forced, nullptr);
    demuxer.format_.reset(raw);
    if (opened == AVERROR(ENOMEM)) return out_of_memory();
    if (opened < 0)
        return Error(Errc::undecodable_audio,
                     std::string("broken: the ") + name + " container cannot be read");
    if (auto chosen = demuxer.choose_stream(); !chosen) return chosen.error();
    if (pace == Pace::whole) avformat_find_stream_info(demuxer.format_.get(), nullptr);
    return demuxer;
}

Result<void> Demuxer::choose_stream() {
    for (auto* stream : std::span(format_->streams, format_->nb_streams)) {
        const bool is_chosen = !stream_ && stream->codecpar->codec_type == AVMEDIA_TYPE_AUDIO;
        if (is_chosen) stream_ = stream;
        stream->discard = is_chosen ? AVDISCARD_DEFAULT : AVDISCARD_ALL;
    }
    if (stream_) return {};
    return Error(Errc::undecodable_audio, "no-audio: the media holds no audio stream");
}

Result<bool> Demuxer::read(AVPacket& packet) {
    for (;;) {
        const int got = av_read_frame(format_.get(), &packet);
        if (got == AVERROR(EAGAIN)) continue;
        if (got == AVERROR(ENOMEM)) return out_of_memory();
        if (got < 0) return false;
        if (packet.stream_index == stream_->index) return true;
        av_packet_unref(&packet);
    }
}

proto::Millis Demuxer::claimed_duration() const {
    std::int64_t claimed = 0;
    if (stream_->duration != AV_NOPTS_VALUE && stream_->duration > 0)
        claimed = av_rescale_q(stream_->duration, stream_->time_base, {1, 1000});
    else if (format_->duration != AV_NOPTS_VALUE && format_->duration > 0)
        claimed = format_->duration / 1000;
    return proto::Millis(std::max<std::int64_t>(claimed, 0));
}

}  // namespace tutti::media
