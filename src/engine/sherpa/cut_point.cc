// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/cut_point.h"

#include <algorithm>
#include <cmath>
#include <limits>

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

std::size_t quietest_in(std::span<const std::int16_t> samples) {
    constexpr std::size_t kWindow = proto::kSampleRate / 50, kStep = kWindow / 4;
    std::size_t found = 0;
    double least = std::numeric_limits<double>::max();
    for (std::size_t at = 0; at + kWindow <= samples.size(); at += kStep) {
        const auto loud = loudness(samples.subspan(at, kWindow));
        if (loud < least) {
            least = loud;
            found = at;
        }
    }
    return samples.size() < kWindow ? samples.size() / 2 : found + kWindow / 2;
}

std::vector<std::size_t> split(std::span<const std::int16_t> samples, std::size_t most) {
    std::vector<std::size_t> ends;
    std::size_t from = 0;
    while (samples.size() - from > most) {
        const auto earliest = from + most - most / 4;
        from = earliest + quietest_in(samples.subspan(earliest, most / 4));
        ends.push_back(from);
    }
    ends.push_back(samples.size());
    return ends;
}

CutPoint find_cut(const Heard& heard, TokenStyle style, std::span<const std::int16_t> recent,
                  SamplePos length) {
    const auto& tokens = heard.tokens;
    const bool has_no_times = tokens.empty() && !heard.text.empty();
    if (has_no_times || !sounds_at_end(recent)) return {tokens.size(), length};
    const auto origin = length - static_cast<SamplePos>(recent.size());
    const auto earliest = std::max({SamplePos{0}, origin, length - kMostSetAside});
    const auto bounded = [&](SamplePos at) { return std::clamp(at, earliest, length); };
    const auto after = [&](std::size_t index) {
        return index == 0 ? SamplePos{0} : to_samples(tokens[index - 1].start + kTokenLength);
    };
    // Not before `at`, nor in the word that is kept, which may sound a little longer than its
    // token.
    const auto part_at = [&](std::size_t kept, SamplePos at, SamplePos latest) {
        if (at >= after(kept)) return CutPoint{kept, bounded(at)};
        const auto from = bounded(after(kept)), to = std::max(from, bounded(latest));
        const auto between = recent.subspan(static_cast<std::size_t>(from - origin),
                                            static_cast<std::size_t>(to - from));
        return CutPoint{kept, from + static_cast<SamplePos>(quietest_in(between))};
    };
    const auto last = begin_of_last_word(tokens, style);
    // A word that ended before is followed by others the model has not told of yet.
    const bool may_go_on = last < tokens.size() &&
                           to_samples(tokens.back().start + kTokenLength + kBeforeWord) >= length &&
                           to_samples(tokens[last].start) >= earliest;
    if (!may_go_on) return part_at(tokens.size(), length - to_samples(kUnheard), length);
    const auto start = tokens[last].start;
    return part_at(last, to_samples(start - kBeforeWord), to_samples(start));
}

}  // namespace tutti::engine::sherpa
