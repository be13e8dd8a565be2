// SPDX-License-Identifier: Apache-2.0
// Whether a model that was loaded recognises: a faint sound is heard to the end, and the clip that
// its card names says what the card says it says. One of kind punctuation gets two words instead.
//
//   try_model(recognizer, card, folder);   // throws one line
#pragma once

#include "engine/recognizer.h"

#include "models/model_card.h"

namespace tutti::engine {

// Also throws whatever the recognizer does.
void try_model(Recognizer& recognizer, const models::ModelCard& card,
               const std::filesystem::path& folder);

// The samples of a WAV file of 16 kHz, mono, 16 bits. An error says what else it is.
Result<std::vector<std::int16_t>> read_clip(const std::filesystem::path& file);

// Letters and digits alone, small: "Hello, World!" and "hello world" are the same to a self-test.
std::string bare_text(std::string_view text);

}  // namespace tutti::engine
