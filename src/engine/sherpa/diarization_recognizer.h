// SPDX-License-Identifier: Apache-2.0
// A model of kind diarization as a Recognizer: whole audio in, turns out. The hypothesis has a word
// for each turn, by start, whose text is the speaker's number, from 0; its text is empty.
#pragma once

#include "engine/recognizer.h"
#include "engine/sherpa/loaded_model.h"

#include <memory>

namespace tutti::engine::sherpa {

// All of a stream's audio is one call of the library, which can neither be fed piece by piece nor
// interrupted: it takes 4 bytes a sample and some more, and is not taken for hanging before it has
// lasted several times as long as the audio.
std::unique_ptr<Recognizer> make_diarization_recognizer(std::shared_ptr<const LoadedModel> model);

}  // namespace tutti::engine::sherpa
