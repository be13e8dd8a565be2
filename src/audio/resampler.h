// SPDX-License-Identifier: Apache-2.0
// Brings a stream of mono samples to the house's rate (proto::kSampleRate).
//
//   process(samples, out)*   appends what is ready; the filter keeps about a millisecond back
//   finish(out)              appends that rest; the resampler is used up
//
// Where the stream is cut into calls does not change the result. Audio that already has the rate
// is appended as it is. No I/O; one stream an object, any one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

struct SRC_STATE_tag;

namespace tutti::audio {

class Resampler {
  public:
    // REQUIRES: kMinSampleRate <= from_rate <= kMaxSampleRate.
    explicit Resampler(int from_rate);

    void process(std::span<const std::int16_t> in, std::vector<std::int16_t>& out);
    void finish(std::vector<std::int16_t>& out);

  private:
    enum class More { yes, no };
    struct Free {
        void operator()(SRC_STATE_tag* state) const;
    };

    void convert(std::span<const float> in, More more, std::vector<std::int16_t>& out);

    double ratio_;
    std::unique_ptr<SRC_STATE_tag, Free> state_;  // null when the rate is right already
};

}  // namespace tutti::audio
