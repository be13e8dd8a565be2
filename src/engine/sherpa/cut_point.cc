// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/cut_point.h"

#include <algorithm>
#include <cmath>

namespace tutti::engine::sherpa {
namespace {

using proto::Millis;
using proto::to_samples;

constexpr std::size_t kBlock = proto::kSampleRate * 6 / 100;
// The end sounds when it is not this much weaker than the loudest of what was said lately...
constexpr double kQuietBelow = 0.1;
// ...nor weaker than any speech.
constexpr double kSilence = 30;
// Models tell of a token later than it begins.
constexpr Millis kBeforeWord{150};
constexpr Millis kTokenLength{120};
constexpr Millis kUnheard{300};

double loudness(std::span<const std::int16_t> block) {
    double sum = 0;
    for (const double sample : block) sum += sample * sample;
    return std::sqrt(sum / static_cast<double>(block.size()));
}

bool sounds_at_end(std::span<const std::int16_t> recent) {
    if (recent.size() < kBlock) return false;
    const auto last = loudness(recent.last(kBlock));
    double loudest = last;
    for (std::size_t at = 0; at + kBlock <= recent.size(); at += kBlock)
        loudest = std::max(loudest, loudness(recent.subspan(at, kBlock)));
    return last >= kSilence && last >= loudest * kQuietBelow;
}

}  // namespace

CutPoint find_cut(std::span<const Token> tokens, TokenStyle style,
                  std::span<const std::int16_t> recent, SamplePos length) {
    if (!sounds_at_end(recent)) return {tokens.size(), length};
    const auto earliest = std::max(length - static_cast<SamplePos>(recent.size()),
                                   std::max<SamplePos>(0, length - kMostSetAside));
    const auto after = [&](std::size_t index) {
        return index == 0 ? SamplePos{0} : to_samples(tokens[index - 1].start + kTokenLength);
    };
    const auto part_at = [&](std::size_t kept, SamplePos at) {
        return CutPoint{kept, std::clamp(std::max(at, after(kept)), earliest, length)};
    };
    const auto last = begin_of_last_word(tokens, style);
    // A word that ended before is followed by others the model has not told of yet.
    const bool may_go_on = last < tokens.size() &&
                           to_samples(tokens.back().start + kTokenLength + kBeforeWord) >= length &&
                           to_samples(tokens[last].start) >= earliest;
    if (may_go_on) return part_at(last, to_samples(tokens[last].start - kBeforeWord));
    return part_at(tokens.size(), length - to_samples(kUnheard));
}

}  // namespace tutti::engine::sherpa
