// SPDX-License-Identifier: Apache-2.0
// A model of kind punctuation as a Recognizer: a stream's text comes back with marks (marks.h).
#pragma once

#include "engine/recognizer.h"
#include "engine/sherpa/loaded_model.h"

#include <memory>

namespace tutti::engine::sherpa {

// A stream has StreamOptions::text and no audio, else a RecognitionError. One decode() marks one
// piece of each of its streams, so that a long text does not keep short ones waiting.
std::unique_ptr<Recognizer> make_punctuation_recognizer(std::shared_ptr<const LoadedModel> model);

}  // namespace tutti::engine::sherpa
