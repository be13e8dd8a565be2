// SPDX-License-Identifier: Apache-2.0
#include "audio/resampler.h"

#include "audio/sample_format.h"
#include "base/check.h"
#include "proto/transcript.h"

#include <samplerate.h>

#include <algorithm>
#include <array>

namespace tutti::audio {
namespace {

constexpr std::size_t kBlock = 1024;

}  // namespace

void Resampler::Free::operator()(SRC_STATE_tag* state) const {
    src_delete(state);
}

Resampler::Resampler(int from_rate) : ratio_(static_cast<double>(proto::kSampleRate) / from_rate) {
    check(from_rate >= kMinSampleRate && from_rate <= kMaxSampleRate, "a rate that is served");
    if (from_rate == proto::kSampleRate) return;
    int error = 0;
    state_.reset(src_new(SRC_SINC_FASTEST, 1, &error));
    check(state_ != nullptr, "libsamplerate gives a converter");
}

void Resampler::process(std::span<const std::int16_t> in, std::vector<std::int16_t>& out) {
    if (!state_) {
        out.insert(out.end(), in.begin(), in.end());
        return;
    }
    std::array<float, kBlock> floats;
    while (!in.empty()) {
        const auto size = std::min(in.size(), kBlock);
        src_short_to_float_array(in.data(), floats.data(), static_cast<int>(size));
        convert(std::span(floats).first(size), More::yes, out);
        in = in.subspan(size);
    }
}

void Resampler::finish(std::vector<std::int16_t>& out) {
    // The library refuses a null input, even an empty one.
    static constexpr std::array<float, 1> kNothing{};
    if (state_) convert(std::span(kNothing).first(0), More::no, out);
}

void Resampler::convert(std::span<const float> in, More more, std::vector<std::int16_t>& out) {
    std::array<float, kBlock> floats;
    SRC_DATA data{};
    data.data_out = floats.data();
    data.output_frames = static_cast<long>(floats.size());
    data.end_of_input = more == More::no;
    data.src_ratio = ratio_;
    do {
        data.data_in = in.data();
        data.input_frames = static_cast<long>(in.size());
        check(src_process(state_.get(), &data) == 0, "libsamplerate converts");
        in = in.subspan(static_cast<std::size_t>(data.input_frames_used));

        const auto made = static_cast<std::size_t>(data.output_frames_gen);
        out.resize(out.size() + made);
        // This conversion saturates.
        src_float_to_short_array(floats.data(), out.data() + out.size() - made,
                                 static_cast<int>(made));
    } while (!in.empty() || data.output_frames_gen > 0);
}

}  // namespace tutti::audio
