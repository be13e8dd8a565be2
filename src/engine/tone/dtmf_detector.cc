// SPDX-License-Identifier: Apache-2.0
#include "engine/tone/dtmf_detector.h"

#include "engine/tone/dtmf_generator.h"

#include <algorithm>
#include <utility>

namespace tutti::engine {
namespace {

constexpr int kWindowsToBegin = 5;
constexpr int kWindowsToEnd = 4;
constexpr SamplePos kWindow = proto::kSampleRate / 50;
// From the start of the first window that shows a digit to the digit's: the tone must fill 55 % of
// a window, and windows come every 5 ms.
constexpr SamplePos kOnset = kWindow * 32 / 100;
// A tone younger than this may not show in any window yet.
constexpr SamplePos kUnseen = kWindow + proto::kSampleRate / 200;
// A key held longer is reported without waiting for its release, so that a stuck one does not
// hold back everything behind it.
constexpr SamplePos kLongestHold = 5 * proto::kSampleRate;

constexpr float kToneShare = 0.55f;    // of the window's energy; less when frequencies are off
constexpr float kTwist = 10;           // power ratio of the two tones, 10 dB
constexpr float kStandsOut = 4;        // power over the next tone of its group, 6 dB
constexpr float kLowestPower = 10000;  // mean square of one tone: about -47 dB below full scale

struct Peak {
    std::size_t index;
    float power;
    bool stands_out;
};

Peak find_peak(std::span<const float, 4> powers) {
    const auto best = static_cast<std::size_t>(std::ranges::max_element(powers) - powers.begin());
    float second = 0;
    for (std::size_t i = 0; i < powers.size(); ++i)
        if (i != best) second = std::max(second, powers[i]);
    return {best, powers[best], powers[best] > kStandsOut * second};
}

template <std::size_t N>
struct ToneTable {
    // cos and -sin of every tone at every sample of a hop, and the turn of its phase in one hop.
    std::array<std::array<float, N>, 8> re, im;
    std::array<std::complex<float>, 8> turn;

    ToneTable() {
        for (std::size_t tone = 0; tone < 8; ++tone) {
            const double hertz = tone < 4 ? kDtmfRows[tone] : kDtmfColumns[tone - 4];
            const double step = 2 * std::numbers::pi * hertz / proto::kSampleRate;
            for (std::size_t n = 0; n < N; ++n) {
                re[tone][n] = static_cast<float>(std::cos(step * static_cast<double>(n)));
                im[tone][n] = static_cast<float>(-std::sin(step * static_cast<double>(n)));
            }
            turn[tone] = std::polar(1.f, static_cast<float>(-step * static_cast<double>(N)));
        }
    }
};

const auto& tone_table() {
    static const ToneTable<proto::kSampleRate / 200> table;
    return table;
}

}  // namespace

DtmfDetector::Hop DtmfDetector::measure(std::span<const float, kHop> samples) {
    const auto& table = tone_table();
    Hop hop;
    for (std::size_t tone = 0; tone < kTones; ++tone) {
        // Eight running sums, so that the compiler may add them side by side.
        std::array<float, 8> re{}, im{};
        for (std::size_t n = 0; n < kHop; n += 8)
            for (std::size_t k = 0; k < 8; ++k) {
                re[k] += samples[n + k] * table.re[tone][n + k];
                im[k] += samples[n + k] * table.im[tone][n + k];
            }
        for (std::size_t k = 1; k < 8; ++k) {
            re[0] += re[k];
            im[0] += im[k];
        }
        hop.sums[tone] = {re[0], im[0]};
    }
    for (float sample : samples) hop.energy += sample * sample;
    return hop;
}

// The digit in the last kHopsPerWindow hops, or 0.
char DtmfDetector::judge_window() const {
    float energy = 0;
    for (const auto& hop : window_) energy += hop.energy;
    if (energy < kLowestPower * kWindow) return 0;
    std::array<float, kTones> powers;
    for (std::size_t tone = 0; tone < kTones; ++tone) {
        std::complex<float> sum = 0, phase = 1;
        for (std::size_t i = 0; i < kHopsPerWindow; ++i) {
            sum += window_[(next_hop_ + i) % kHopsPerWindow].sums[tone] * phase;
            phase *= tone_table().turn[tone];
        }
        powers[tone] = std::norm(sum) * 2 / float{kWindow * kWindow};
    }
    const auto row = find_peak(std::span(powers).first<4>());
    const auto column = find_peak(std::span(powers).last<4>());
    if (!row.stands_out || !column.stands_out) return 0;
    if (std::min(row.power, column.power) < kLowestPower) return 0;
    if (row.power > kTwist * column.power || column.power > kTwist * row.power) return 0;
    if (row.power + column.power < kToneShare * energy / float{kWindow}) return 0;
    return kDtmfDigits[row.index * 4 + column.index];
}

void DtmfDetector::process(std::span<const std::int16_t> samples, std::vector<DtmfDigit>& digits) {
    for (const auto sample : samples) {
        partial_hop_[static_cast<std::size_t>(position_) % kHop] = sample;
        if (++position_ % SamplePos{kHop} == 0) on_hop(digits);
    }
}

void DtmfDetector::on_hop(std::vector<DtmfDigit>& digits) {
    window_[next_hop_] = measure(partial_hop_);
    next_hop_ = (next_hop_ + 1) % kHopsPerWindow;
    const char digit = judge_window();
    if (digit != run_digit_) begin_run(digit);
    ++run_length_;
    const bool has_begun = run_digit_ != 0 && run_length_ >= kWindowsToBegin;
    if (held_ &&
        ((has_begun && run_digit_ != held_) || (!run_digit_ && run_length_ >= kWindowsToEnd))) {
        report(held_end_, digits);
        held_ = 0;
        is_reported_ = false;
    }
    if (has_begun && !held_) {
        held_ = run_digit_;
        held_start_ = run_start_;
    }
    if (held_ && run_digit_ == held_) held_end_ = position_ - kOnset;
    if (held_ && held_end_ - held_start_ > kLongestHold) report(held_end_, digits);
}

void DtmfDetector::begin_run(char digit) {
    run_digit_ = digit;
    run_length_ = 0;
    run_start_ = std::max(position_ - kWindow + kOnset, last_end_);
}

void DtmfDetector::report(SamplePos end, std::vector<DtmfDigit>& digits) {
    last_end_ = std::max(end, last_end_);
    if (std::exchange(is_reported_, true)) return;
    digits.push_back({held_, held_start_, end});
}

void DtmfDetector::finish(std::vector<DtmfDigit>& digits) {
    const std::array<std::int16_t, kHop> silence{};
    const auto end = position_;
    for (int hop = 0; hop <= kWindowsToEnd + static_cast<int>(kHopsPerWindow); ++hop)
        process(silence, digits);
    for (auto& digit : digits) digit.end = std::min(digit.end, end);
}

SamplePos DtmfDetector::settled() const {
    if (held_ && is_reported_) return position_;
    if (!held_ && is_silent()) return position_;
    auto settled = position_ - kUnseen;
    if (run_digit_) settled = std::min(settled, run_start_ - kWindow / 2);
    if (held_) settled = std::min(settled, held_start_ - kWindow / 2);
    return std::max(settled, last_end_);
}

bool DtmfDetector::is_silent() const {
    float energy = 0;
    for (const auto& hop : window_) energy += hop.energy;
    const auto partial = static_cast<std::size_t>(position_) % kHop;
    for (std::size_t i = 0; i < partial; ++i) energy += partial_hop_[i] * partial_hop_[i];
    return energy < kLowestPower;
}

}  // namespace tutti::engine
