// SPDX-License-Identifier: Apache-2.0
// Where to part an utterance that ends while speech goes on, so that no word is lost, doubled or
// broken in two. Pure.
//
// 1. When it is quiet at the end, nothing is set aside.
// 2. A last word that is being spoken is set aside whole, with the audio from a little before it;
//    the next utterance hears that audio first. So is the end of what sounds but gave no word yet.
// 3. What is set aside is no longer than kMostSetAside.
#pragma once

#include "engine/sherpa/words_of_tokens.h"

namespace tutti::engine::sherpa {

using proto::SamplePos;

inline constexpr SamplePos kMostSetAside = 2 * proto::kSampleRate;

struct CutPoint {
    std::size_t tokens = 0;  // how many of the tokens the utterance keeps
    SamplePos settled = 0;   // the audio from here on is set aside
    bool operator==(const CutPoint&) const = default;
};

// `recent` is the end of an utterance of `length` samples; the tokens' times count from its first.
CutPoint find_cut(std::span<const Token> tokens, TokenStyle style,
                  std::span<const std::int16_t> recent, SamplePos length);

}  // namespace tutti::engine::sherpa
