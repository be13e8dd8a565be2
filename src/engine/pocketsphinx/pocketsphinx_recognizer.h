// SPDX-License-Identifier: Apache-2.0
// The backend over libpocketsphinx: English with Debian's en-us model.
//
// One decoder decodes one utterance at a time. `live` decodes as audio comes and starts each
// utterance from its speaker's cepstral mean, which travels in the carry: what a decoder learned
// of one speaker never reaches another. `whole` decodes once, normalised over the utterance.
// Accuracy is the library's own: all passes run, no audio is dropped. `whole` also aligns: see
// align_stream.h.
#pragma once

#include "engine/recognizer.h"

#include <filesystem>

namespace tutti::engine {

// The files of a model folder named <folder>/NAME: NAME/ (acoustic model), NAME.lm.bin and
// cmudict-NAME.dict.
struct PocketSphinxModel {
    std::filesystem::path acoustic;
    std::filesystem::path language;
    std::filesystem::path dictionary;
};

// Throws std::runtime_error that names the file which is missing.
PocketSphinxModel find_pocketsphinx_model(const std::filesystem::path& folder);

// Takes about 0.3 s and 95 MB. The recognizers that the factory makes share the one decoder: at
// most one of them may exist at a time, in each process that was forked after the load. A forked
// process that decodes adds about 23 MB of its own (bench/decode_worker_memory).
RecognizerFactory load_pocketsphinx(const PocketSphinxModel& files);

}  // namespace tutti::engine
