// SPDX-License-Identifier: Apache-2.0
// What both ways of bench/sherpa_batching carry, and what they tell of it.
#pragma once

#include "engine/sherpa/loaded_model.h"
#include "engine/sherpa/tone_speech.h"

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace tutti::bench {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

class EngineProcess;

struct Load {
    std::size_t streams = 0;
    std::size_t threads = 2;
    std::size_t batch = 8;  // streams in a call, of the bare library
    std::size_t chunk = 0;  // samples that come at once
    // How long each stream lasts, as letters that the model must hear.
    std::size_t letters = 0;
    // Chunks come when they would have been spoken; else each as soon as the one before is decoded.
    bool is_paced = false;
};

struct Carried {
    double audio = 0, wall = 0, cpu = 0;  // seconds
    std::vector<double> latencies;        // seconds from a chunk's coming to its decode's end
    std::size_t wrong = 0;                // streams whose letters were not heard

    double streams() const { return audio / wall; }
    // As many as two idle cores would carry.
    double by_cpu() const { return 2 * audio / cpu; }
};

// What stream number `index` says.
std::string letters_of(const Load& load, std::size_t index);
// As the model tells it.
std::string spelt(const std::string& letters);
// When a chunk of a paced load comes, after the start.
Clock::duration due(const Load& load, std::size_t index, std::size_t chunk);
double cpu_seconds();

// The library alone, as it is best used: threads share the recognizer, each has its own streams and
// decodes `batch` of them in a call.
Carried carry_bare(const engine::sherpa::LoadedModel& model, const Load& load);
// Through the engine's process and its socket, as a gateway does, with partial results. CPU time is
// that of both; a latency is told by each partial and credit, when it arrives.
Carried carry_by_process(EngineProcess& engine, const Load& load);

}  // namespace tutti::bench
