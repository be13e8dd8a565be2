// SPDX-License-Identifier: Apache-2.0
// The backend over sherpa-onnx: streaming and offline models, as a model folder's card says.
//
//   auto make_recognizer = load_sherpa({.library = ..., .model_folder = ...});  // throws one line
//
// 1. Files that are not those of the card are refused, and so is a model that fails its self-test
//    (engine/try_model.h). The model is loaded once; all decode threads share it, each with its own
//    streams. What the library may do to a process that loads a bad model happens to a child first
//    (probe.h).
// 2. Streaming models decode as audio comes, as many of them in one call as was found best at the
//    load (batch_size.h). Offline models decode an utterance once it has ended, and have no
//    partials.
// 3. An utterance cut in running speech sets its last word aside (cut_point.h); the carry is the
//    audio of that word.
// 4. Models of other kinds: see punctuation_recognizer.h and diarization_recognizer.h.
// 5. An exception of the library's fails the utterances of that call alone.
#pragma once

#include "engine/recognizer.h"
#include "engine/stream_machine.h"

#include <filesystem>

namespace tutti::engine {

struct SherpaOptions {
    std::filesystem::path library;       // empty = see sherpa::library_path
    std::filesystem::path model_folder;  // with its model.toml
    std::chrono::milliseconds probe_limit = std::chrono::seconds(60);
};

// What streams a model takes, and how its live ones end, by its card.
WholeTraits sherpa_traits(const std::filesystem::path& model_folder);
Hearing sherpa_hearing(const std::filesystem::path& model_folder);

// Call it while the process has one thread.
RecognizerFactory load_sherpa(const SherpaOptions& options);

}  // namespace tutti::engine
