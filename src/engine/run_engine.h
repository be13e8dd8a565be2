// SPDX-License-Identifier: Apache-2.0
// The main function of every engine program: flags, the contract with the supervisor, the host.
//
//   int main(int argc, char** argv) { return tutti::engine::run_engine(argc, argv, backend); }
//
// Exits with exit_code::ok after a drain or SIGTERM, lost_parent when the supervisor is gone,
// model_failed when the first recognizer cannot be loaded, usage for bad flags, internal when the
// nursery of its decode workers died. A beat tells since when a decode is under way.
#pragma once

#include "engine/forked_recognizer.h"
#include "engine/stream_machine.h"

namespace tutti::engine {

struct Backend {
    std::string name;     // "tone"
    std::string version;  // of the library behind it
    int streams_per_thread = 1;
    // Of the share of the cores that --cores names; --whole-threads and --live-threads overrule it.
    // More than 1 for threads that do not compute.
    int whole_threads_per_core = 1;
    int live_threads_per_core = 1;
    std::size_t live_limit = 1000;  // default of --live-limit
    bool aligns = false;            // finds the words of StreamOptions::text in the audio

    // Flags of its own; their values are set before the first load.
    struct Flag {
        std::string name;
        std::string help;
        std::string* value;  // holds the default
    };
    std::vector<Flag> flags = {};
    // How live streams find speech, asked when the flags are set; without its make_detector by
    // energy, or as --vad says. Blocks; throws when what it needs cannot be loaded.
    std::function<Hearing()> hearing = {};
    // Asked when the flags are set, before the first load; without it, as aligns says.
    std::function<WholeTraits()> whole_traits = {};
    // One of the two. With load_model the model is loaded once, in a nursery, and every recognizer
    // is a process forked from it (nursery.h).
    RecognizerFactory load_recognizer = {};
    ModelLoader load_model = {};
};

int run_engine(int argc, char** argv, const Backend& backend);

}  // namespace tutti::engine
