// SPDX-License-Identifier: Apache-2.0
// tutti-engine-tone: recognises DTMF digits.
#include "engine/run_engine.h"
#include "engine/tone/tone_recognizer.h"

int main(int argc, char** argv) {
    // A folder can make it a model of another name; the digits are in the code.
    std::string folder;
    return tutti::engine::run_engine(argc, argv,
                                     {.name = "tone",
                                      .version = "1",
                                      .streams_per_thread = 100000,
                                      .live_threads_per_core = 4,
                                      .live_limit = 20000,
                                      .flags = {{"--model-dir", "Folder of the card", &folder}},
                                      .load_recognizer = [](tutti::proto::StreamMode) {
                                          return std::make_unique<tutti::engine::ToneRecognizer>();
                                      }});
}
