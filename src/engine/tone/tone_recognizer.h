// SPDX-License-Identifier: Apache-2.0
// The backend that hears DTMF digits: each is one word ("5"), with exact times and confidence 1.
// Costs next to nothing, and its right answer is always known.
//
// A digit that straddles a cut is set aside whole and reported by the next utterance, once.
#pragma once

#include "engine/recognizer.h"

namespace tutti::engine {

class ToneRecognizer : public Recognizer {
  public:
    std::unique_ptr<RecognizerStream> create_stream(StreamOptions options) override;
    void decode(std::span<RecognizerStream* const> ready) override;
};

}  // namespace tutti::engine
