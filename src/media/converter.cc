// SPDX-License-Identifier: Apache-2.0
#include "media/converter.h"

#include "proto/transcript.h"

#include <algorithm>
#include <cmath>
#include <span>

namespace tutti::media {
namespace {

Error conversion_error() {
    return Error(Errc::undecodable_audio, "codec: samples of a form that cannot be converted");
}

template <class Float>
void tame(std::span<Float> samples) {
    for (auto& sample : samples)
        sample = std::isnan(sample) ? Float(0) : std::clamp(sample, Float(-1), Float(1));
}

void tame_floats(AVFrame& frame) {
    const auto format = static_cast<AVSampleFormat>(frame.format);
    const auto packed = av_get_packed_sample_fmt(format);
    if (packed != AV_SAMPLE_FMT_FLT && packed != AV_SAMPLE_FMT_DBL) return;
    const bool is_planar = av_sample_fmt_is_planar(format);
    const int planes = is_planar ? frame.ch_layout.nb_channels : 1;
    const auto count = static_cast<std::size_t>(frame.nb_samples) *
                       static_cast<std::size_t>(is_planar ? 1 : frame.ch_layout.nb_channels);
    for (auto* plane : std::span(frame.extended_data, static_cast<std::size_t>(planes))) {
        if (packed == AV_SAMPLE_FMT_FLT)
            tame(std::span(reinterpret_cast<float*>(plane), count));
        else
            tame(std::span(reinterpret_cast<double*>(plane), count));
    }
}

}  // namespace

Result<void> Converter::convert(AVFrame& frame, std::vector<std::int16_t>& out) {
    if (av_frame_make_writable(&frame) < 0) return conversion_error();
    tame_floats(frame);
    const auto& layout = frame.ch_layout;
    const Format format{frame.format, frame.sample_rate, layout.nb_channels,
                        layout.order == AV_CHANNEL_ORDER_NATIVE ? layout.u.mask : 0};
    if (!(format == format_)) {
        if (auto finished = finish(out); !finished) return finished;
        if (auto opened = open(format); !opened) return opened;
    }
    return run(const_cast<const std::uint8_t**>(frame.extended_data), frame.nb_samples, out);
}

Result<void> Converter::finish(std::vector<std::int16_t>& out) {
    return resampler_ ? run(nullptr, 0, out) : Result<void>();
}

Result<void> Converter::open(const Format& format) {
    AVChannelLayout mono{}, layout{};
    av_channel_layout_default(&mono, 1);
    if (format.places == 0 || av_channel_layout_from_mask(&layout, format.places) < 0)
        av_channel_layout_default(&layout, format.channels);
    SwrContext* raw = nullptr;
    int opened = swr_alloc_set_opts2(&raw, &mono, AV_SAMPLE_FMT_S16, proto::kSampleRate, &layout,
                                     static_cast<AVSampleFormat>(format.sample_format),
                                     format.sample_rate, 0, nullptr);
    resampler_.reset(raw);
    // Without it loud stereo of a float codec would be clipped in the sum.
    if (opened >= 0) opened = av_opt_set_double(raw, "rematrix_maxval", 1.0, 0);
    if (opened >= 0 && format.places == 0) {
        const std::vector<double> equal(static_cast<std::size_t>(format.channels),
                                        1.0 / format.channels);
        opened = swr_set_matrix(raw, equal.data(), format.channels);
    }
    if (opened >= 0) opened = swr_init(raw);
    format_ = format;
    return opened < 0 ? Result<void>(conversion_error()) : Result<void>();
}

Result<void> Converter::run(const std::uint8_t** planes, int count,
                            std::vector<std::int16_t>& out) {
    const int room = swr_get_out_samples(resampler_.get(), count);
    if (room < 0) return conversion_error();
    const auto had = out.size();
    out.resize(had + static_cast<std::size_t>(room));
    auto* target = reinterpret_cast<std::uint8_t*>(out.data() + had);
    const int got = swr_convert(resampler_.get(), &target, room, planes, count);
    out.resize(had + static_cast<std::size_t>(std::max(got, 0)));
    return got < 0 ? Result<void>(conversion_error()) : Result<void>();
}

}  // namespace tutti::media
