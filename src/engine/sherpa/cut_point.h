// SPDX-License-Identifier: Apache-2.0
// Where to part an utterance that ends while speech goes on, so that no word is lost, doubled or
// broken in two. Pure.
//
// 1. When it is quiet at the end, nothing is set aside.
// 2. A last word that is being spoken is set aside whole, with the audio from a little before it;
//    the next utterance hears that audio first. So is the end of what sounds but gave no word yet.
// 3. What is set aside is no longer than kMostSetAside, and begins where the word before has faded.
// 4. Words whose times the model does not tell are told whole: nothing is set aside, since it would
//    be told again.
#pragma once

#include "engine/sherpa/words_of_tokens.h"

namespace tutti::engine::sherpa {

using proto::SamplePos;

inline constexpr SamplePos kMostSetAside = 2 * proto::kSampleRate;

// What the library found, in words of ours. Token times count from the first sample it was given.
struct Heard {
    std::string text;
    std::vector<Token> tokens;  // none from a model that tells no times
    std::string language = {};  // as an utterance's
};

struct CutPoint {
    std::size_t tokens = 0;  // how many of the tokens the utterance keeps
    SamplePos settled = 0;   // the audio from here on is set aside
    bool operator==(const CutPoint&) const = default;
};

// `recent` is the end of an utterance of `length` samples.
CutPoint find_cut(const Heard& heard, TokenStyle style, std::span<const std::int16_t> recent,
                  SamplePos length);

// The middle of the quietest 20 ms, the first of several; of less audio, its middle.
std::size_t quietest_in(std::span<const std::int16_t> samples);

// Where each part of audio that a model takes only in parts of `most` samples ends: at its quietest
// moment in the last quarter of what fits. The last end is that of the audio.
std::vector<std::size_t> split(std::span<const std::int16_t> samples, std::size_t most);

}  // namespace tutti::engine::sherpa
