// SPDX-License-Identifier: Apache-2.0
// tutti-engine-upstream: has another server recognise.
#include "config/inherited.h"
#include "engine/run_engine.h"
#include "engine/upstream/upstream_recognizer.h"
#include "runtime/worker.h"

int main(int argc, char** argv) {
    // The audio store is the server's. Without a supervisor there is none.
    const auto config = tutti::config::load_inherited(tutti::runtime::kConfigFd);
    const auto bucket = config ? config->audio_store : tutti::blob::BucketOptions{};
    std::string folder;
    tutti::engine::RecognizerFactory factory;
    return tutti::engine::run_engine(
        argc, argv,
        {.name = "upstream",
         .version = "1",
         // Their threads wait for the other server and need no core.
         .streams_per_thread = 8,
         .whole_threads_per_core = 16,
         .live_threads_per_core = 16,
         .live_limit = 2000,
         .flags = {{"--model-dir", "Folder with the model's card", &folder}},
         .load_recognizer = [&](tutti::proto::StreamMode mode) {
             // The first call is alone: the others follow when it has succeeded.
             if (!factory) factory = tutti::engine::load_upstream(folder, bucket);
             return factory(mode);
         }});
}
