// SPDX-License-Identifier: Apache-2.0
// tutti-engine-pocketsphinx: recognises English speech.
#include "engine/pocketsphinx/pocketsphinx_recognizer.h"
#include "engine/run_engine.h"

int main(int argc, char** argv) {
    std::string folder = "/usr/share/pocketsphinx/model/en-us";
    return tutti::engine::run_engine(argc, argv,
                                     {.name = "pocketsphinx",
                                      .version = "5prealpha",
                                      .streams_per_thread = 1,
                                      .live_threads_per_core = 4,
                                      .live_limit = 2000,
                                      .aligns = true,
                                      .flags = {{"--model-dir", "Folder of the model", &folder}},
                                      .load_model = [&folder] {
                                          return tutti::engine::load_pocketsphinx(
                                              tutti::engine::find_pocketsphinx_model(folder));
                                      }});
}
