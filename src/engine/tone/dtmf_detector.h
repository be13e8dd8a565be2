// SPDX-License-Identifier: Apache-2.0
// Finds DTMF digits in a stream of 16 kHz samples.
//
//   detector.process(samples, digits);  ...  detector.finish(digits);
//
// Every 5 ms a 20 ms window is measured at the eight frequencies. A digit is at least five windows
// in a row in which one row tone and one column tone stand out, within 10 dB of one another, and
// hold most of the energy: 40 ms of tone always suffice, 20 ms never do. It has ended when four
// windows in a row show anything else. Where the samples were cut into calls makes no
// difference; times are right to 5 ms.
//
// A value: a copy carries on as the original would. Pure, never allocates but for `digits`.
#pragma once

#include "proto/transcript.h"

#include <complex>

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace tutti::engine {

using proto::SamplePos;

struct DtmfDigit {
    char digit = 0;
    SamplePos start = 0;  // since the detector's first sample
    SamplePos end = 0;
    bool operator==(const DtmfDigit&) const = default;
};

class DtmfDetector {
  public:
    // Appends the digits that have ended by the last sample.
    void process(std::span<const std::int16_t> samples, std::vector<DtmfDigit>& digits);

    // Nothing but silence follows: also appends a digit that was still held.
    void finish(std::vector<DtmfDigit>& digits);

    SamplePos position() const { return position_; }
    // Audio before this has been reported; what follows holds the next digits whole.
    SamplePos settled() const;

  private:
    static constexpr std::size_t kHop = proto::kSampleRate / 200;
    static constexpr std::size_t kHopsPerWindow = 4;
    static constexpr std::size_t kTones = 8;  // rows, then columns

    struct Hop {
        std::array<std::complex<float>, kTones> sums{};
        float energy = 0;
    };

    static Hop measure(std::span<const float, kHop> samples);
    char judge_window() const;
    bool is_silent() const;
    void on_hop(std::vector<DtmfDigit>& digits);
    void begin_run(char digit);
    void report(SamplePos end, std::vector<DtmfDigit>& digits);

    SamplePos position_ = 0;
    std::array<float, kHop> partial_hop_{};
    std::array<Hop, kHopsPerWindow> window_{};  // a ring
    std::size_t next_hop_ = 0;

    // The latest windows that agreed on something.
    char run_digit_ = 0;  // 0 = on there being no digit
    int run_length_ = 0;
    SamplePos run_start_ = 0;
    // The digit that has begun and not ended.
    char held_ = 0;
    SamplePos held_start_ = 0;
    SamplePos held_end_ = 0;    // as far as it was seen
    bool is_reported_ = false;  // held so long that it was reported before its end
    SamplePos last_end_ = 0;    // of the digit reported last
};

}  // namespace tutti::engine
