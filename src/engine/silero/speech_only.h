// SPDX-License-Identifier: Apache-2.0
// The backend of a model of voice activity: it hears no words, since the host has already found
// where somebody speaks. Each utterance ends with a Final of no text, whose start and end are all
// that was asked for.
#pragma once

#include "audio/endpointer.h"
#include "engine/recognizer.h"
#include "engine/silero_vad.h"

namespace tutti::engine {

// Where speech begins and ends, rather than what a recogniser wants around it. The model is sure of
// a beginning about a frame after it.
inline constexpr audio::EndpointerOptions kBorders{.start_speech = audio::Millis(96),
                                                   .preroll = audio::Millis(32),
                                                   .tail = audio::Millis(0),
                                                   .click = SileroVad::kSure};

class SpeechOnly final : public Recognizer {
  public:
    std::unique_ptr<RecognizerStream> create_stream(StreamOptions options) override;
    void decode(std::span<RecognizerStream* const>) override {}
};

}  // namespace tutti::engine
