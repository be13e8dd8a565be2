// SPDX-License-Identifier: Apache-2.0
// decode_worker_memory [--workers N] FILE.wav...
//
// The private memory of decode workers (Private_Clean + Private_Dirty of smaps_rollup) after each
// has decoded all the files: forked from one loaded model, and each with a model of its own.
// Prints both, live and whole, and the ratio. Exit code 1 unless forking saves half.
#include "base/exit_code.h"
#include "engine/forked_recognizer.h"
#include "engine/pocketsphinx/pocketsphinx_recognizer.h"

#include "wav_file.h"
#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <fstream>
#include <memory>
#include <numeric>
#include <sstream>

namespace tutti::bench {
namespace {

using proto::StreamMode;
using Clips = std::vector<std::vector<std::int16_t>>;

constexpr std::size_t kPiece = proto::kSampleRate / 10;
constexpr double kGoal = 0.5;

engine::RecognizerFactory load_model() {
    return engine::load_pocketsphinx(
        engine::find_pocketsphinx_model("/usr/share/pocketsphinx/model/en-us"));
}

// Loads in the worker, as if there were no nursery.
engine::RecognizerFactory load_nothing() {
    return [](StreamMode mode) { return load_model()(mode); };
}

double private_megabytes(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/smaps_rollup");
    double kilobytes = 0;
    for (std::string line; std::getline(file, line);) {
        std::istringstream words(line);
        std::string name;
        double value = 0;
        words >> name >> value;
        if (name == "Private_Clean:" || name == "Private_Dirty:") kilobytes += value;
    }
    return kilobytes / 1024;
}

void recognise(engine::Recognizer& recognizer, std::span<const std::int16_t> samples) {
    const auto stream = recognizer.create_stream({});
    engine::RecognizerStream* one = stream.get();
    const auto decode = [&] {
        while (stream->is_ready()) recognizer.decode({&one, 1});
    };
    for (; !samples.empty(); samples = samples.subspan(std::min(kPiece, samples.size()))) {
        stream->accept_audio(samples.first(std::min(kPiece, samples.size())));
        decode();
    }
    stream->input_finished(engine::Ending::complete);
    decode();
    stream->result();
}

// Mean over the workers, all of which live while they are measured.
double measure(const engine::ModelLoader& loader, StreamMode mode, int workers,
               const Clips& clips) {
    engine::Nursery nursery(loader);
    nursery.wait_until_loaded();
    std::vector<std::unique_ptr<engine::ForkedRecognizer>> recognizers;
    for (int n = 0; n < workers; ++n)
        recognizers.push_back(std::make_unique<engine::ForkedRecognizer>(nursery, mode));
    for (const auto& recognizer : recognizers)
        for (const auto& clip : clips) recognise(*recognizer, clip);
    double sum = 0;
    for (const auto& recognizer : recognizers) sum += private_megabytes(recognizer->worker_pid());
    return sum / workers;
}

int compare(int workers, const Clips& clips) {
    bool is_passed = true;
    for (const auto mode : {StreamMode::live, StreamMode::whole}) {
        const auto forked = measure(load_model, mode, workers, clips);
        const auto loaded = measure(load_nothing, mode, workers, clips);
        fmt::print("{}: {} workers, private MB each: forked {:.1f}, loaded {:.1f}, ratio {:.2f}\n",
                   mode == StreamMode::live ? "live" : "whole", workers, forked, loaded,
                   forked / loaded);
        is_passed &= forked > 0 && forked <= kGoal * loaded;
    }
    fmt::print("{} (goal: ratio at most {})\n", is_passed ? "pass" : "SHORT", kGoal);
    return is_passed ? exit_code::ok : exit_code::failed;
}

int run(int argc, char** argv) {
    CLI::App app("Private memory of decode workers");
    int workers = 4;
    std::vector<std::string> files;
    app.add_option("--workers", workers)->check(CLI::Range(1, 64));
    app.add_option("files", files)->required();
    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? exit_code::ok : exit_code::usage;
    }
    Clips clips;
    for (const auto& file : files) {
        auto samples = load_wav(file);
        if (!samples) {
            fmt::print(stderr, "{}\n", samples.error().message());
            return exit_code::undecodable;
        }
        clips.push_back(std::move(*samples));
    }
    return compare(workers, clips);
}

}  // namespace
}  // namespace tutti::bench

int main(int argc, char** argv) {
    return tutti::bench::run(argc, argv);
}
