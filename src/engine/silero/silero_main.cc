// SPDX-License-Identifier: Apache-2.0
// tutti-engine-silero: tells where somebody speaks, with the Silero model.
#include "engine/run_engine.h"
#include "engine/silero/speech_only.h"
#include "engine/silero_vad.h"

int main(int argc, char** argv) {
    using namespace tutti::engine;
    std::string folder, library;
    return run_engine(
        argc, argv,
        {.name = "silero",
         .version = "5",
         .streams_per_thread = 100000,
         .live_limit = 200,
         .flags = {{"--model-dir", "Folder of the model; empty = where it is installed", &folder},
                   {"--library", "ONNX Runtime's file; empty = found by itself", &library}},
         .hearing =
             [&] {
                 Hearing hearing{.endpoints = kBorders, .ends_with_sound = true};
                 load_silero({.library = library, .model = folder}, hearing);
                 return hearing;
             },
         .load_recognizer = [](auto) { return std::make_unique<SpeechOnly>(); }});
}
