// SPDX-License-Identifier: Apache-2.0
// tutti-engine-sherpa: recognises speech with the models of sherpa-onnx.
#include "engine/run_engine.h"
#include "engine/sherpa/sherpa_api.h"
#include "engine/sherpa/sherpa_recognizer.h"

#include <mutex>

namespace {

// The first call loads the model, the others share it.
class Loader {
  public:
    std::string library, folder;

    std::unique_ptr<tutti::engine::Recognizer> make(tutti::proto::StreamMode mode) {
        std::lock_guard lock(mutex_);
        if (!factory_)
            factory_ = tutti::engine::load_sherpa({.library = library, .model_folder = folder});
        return factory_(mode);
    }

  private:
    std::mutex mutex_;
    tutti::engine::RecognizerFactory factory_;  // guarded by mutex_
};

}  // namespace

int main(int argc, char** argv) {
    Loader loader;
    return tutti::engine::run_engine(
        argc, argv,
        {.name = "sherpa",
         .version = tutti::engine::sherpa::kVersion,
         .streams_per_thread = 256,
         .live_threads_per_core = 1,
         .live_limit = 1000,
         .flags = {{"--model-dir", "Folder of the model, with its model.toml", &loader.folder},
                   {"--library", "The library's file; empty = found by itself", &loader.library}},
         .hearing = [&loader] { return tutti::engine::sherpa_hearing(loader.folder); },
         .whole_traits = [&loader] { return tutti::engine::sherpa_traits(loader.folder); },
         .load_recognizer = [&loader](auto mode) { return loader.make(mode); }});
}
