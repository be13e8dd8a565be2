// SPDX-License-Identifier: Apache-2.0
// How many streams of a streaming model of sherpa-onnx two threads carry in real time: through an
// engine process and its socket, against the bare library at its best. The two take turns, so that
// what else the machine does meets both; the ratio is the median of the turns'.
//
//   tools/make_tone_model.py /tmp/heavy --kind asr-streaming --window 16 --layers 12
//   sherpa_batching /tmp/heavy
//
// Then both carry a paced load, for the time from a chunk's coming to the end of its decode.
// Exit code 1 when the ratio is below --least, or a stream was not heard right.
#include "engine/sherpa/sherpa_api.h"

#include "engine_process.h"
#include "sherpa_load.h"
#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <cstdio>
#include <filesystem>

namespace tutti::bench {

using engine::sherpa::LoadedModel;

std::string letters_of(const Load& load, std::size_t index) {
    std::string letters;
    for (std::size_t k = 0; k < load.letters; ++k)
        letters += static_cast<char>('a' + (index * 5 + k * 3 + k * k / 7) % 8);
    return letters;
}

std::string spelt(const std::string& letters) {
    std::string text;
    for (const char letter : letters) (text += text.empty() ? "" : " ") += letter;
    return text;
}

Clock::duration due(const Load& load, std::size_t index, std::size_t chunk) {
    const auto period = std::chrono::duration_cast<Clock::duration>(
        Seconds(static_cast<double>(load.chunk) / proto::kSampleRate));
    const auto phase =
        period * static_cast<long>(index * 7919 % load.streams) / static_cast<long>(load.streams);
    return phase + period * static_cast<long>(chunk);
}

double cpu_seconds() {
    rusage used{};
    ::getrusage(RUSAGE_SELF, &used);
    const auto seconds = [](timeval time) {
        return static_cast<double>(time.tv_sec) + 1e-6 * static_cast<double>(time.tv_usec);
    };
    return seconds(used.ru_utime) + seconds(used.ru_stime);
}

namespace {

double part(std::vector<double> values, double share) {
    if (values.empty()) return 0;
    std::ranges::sort(values);
    return values[static_cast<std::size_t>(share * static_cast<double>(values.size() - 1))];
}

void print(const char* way, const Carried& carried) {
    fmt::print("  {:<12} {:7.1f} streams in real time ({:.1f} by CPU time), {} heard wrong\n", way,
               carried.streams(), carried.by_cpu(), carried.wrong);
    std::fflush(stdout);
}

void print_latency(const char* way, const Carried& carried) {
    fmt::print("  {:<12} p50 {:6.1f} ms  p99 {:6.1f} ms, {} heard wrong\n", way,
               1000 * part(carried.latencies, 0.5), 1000 * part(carried.latencies, 0.99),
               carried.wrong);
    std::fflush(stdout);
}

struct Flags {
    std::string model;
    std::string engine =
        std::filesystem::read_symlink("/proc/self/exe").parent_path() / "tutti-engine-sherpa";
    std::size_t streams = 64, turns = 5, letters = 20;
    double share = 0.6, least = 0.95;
};

struct Ways {
    std::function<Carried(const Load&)> bare, by_process;
};

// In how large batches the bare library carries most.
std::size_t best_batch(const Ways& ways, Load load) {
    std::size_t best = 0;
    double most = 0;
    for (const std::size_t batch : {4, 8}) {
        load.batch = batch;
        const auto carried = ways.bare(load).by_cpu();
        fmt::print("  bare, {} streams in a call: {:.1f} by CPU time\n", batch, carried);
        if (carried <= most) continue;
        most = carried;
        best = batch;
    }
    return best;
}

bool compare(const Ways& ways, const Flags& flags, Load load) {
    std::vector<double> ratios, cpu_ratios, capacities;
    std::size_t wrong = 0;
    for (std::size_t turn = 0; turn < flags.turns; ++turn) {
        const auto bare = ways.bare(load);
        print("bare", bare);
        const auto by_process = ways.by_process(load);
        print("engine", by_process);
        ratios.push_back(by_process.streams() / bare.streams());
        cpu_ratios.push_back(by_process.by_cpu() / bare.by_cpu());
        capacities.push_back(bare.streams());
        wrong += bare.wrong + by_process.wrong;
    }
    const auto ratio = part(ratios, 0.5);
    fmt::print("ratio {:.3f} (at least {}), {:.3f} by CPU time\n", ratio, flags.least,
               part(cpu_ratios, 0.5));

    load.is_paced = true;
    load.streams = static_cast<std::size_t>(std::max(1., flags.share * part(capacities, 0.5)));
    fmt::print("paced, {} streams ({:.0f} % of what the bare library carries):\n", load.streams,
               100 * flags.share);
    for (const auto& [name, way] : {std::pair{"bare", &ways.bare}, {"engine", &ways.by_process}}) {
        const auto carried = (*way)(load);
        print_latency(name, carried);
        wrong += carried.wrong;
    }
    return ratio >= flags.least && wrong == 0;
}

int run(const Flags& flags) {
    const auto library = engine::sherpa::library_path({});
    EngineProcess process(flags.engine, flags.model, Load{}.threads);
    auto plan = engine::sherpa::plan_model(flags.model).value();
    const LoadedModel model(*engine::sherpa::Api::load(library).value(), plan);
    Load load{.streams = flags.streams, .letters = flags.letters};
    // The window: what the tail is without its surplus.
    load.chunk = static_cast<std::size_t>(proto::to_samples(plan.tail - proto::Millis(300)));
    const auto with_audio = [](Carried carried, const Load& of) {
        carried.audio = static_cast<double>(of.streams * of.letters) *
                        Seconds(engine::sherpa::kLetterPeriod).count();
        return carried;
    };
    fmt::print("chunks of {} ms, {} streams, {} threads, in turns:\n",
               proto::to_millis(static_cast<proto::SamplePos>(load.chunk)).count(), load.streams,
               load.threads);
    const Ways ways{
        .bare = [&](const Load& of) { return with_audio(carry_bare(model, of), of); },
        .by_process =
            [&](const Load& of) { return with_audio(carry_by_process(process, of), of); }};
    load.batch = best_batch(ways, load);
    return compare(ways, flags, load) ? 0 : 1;
}

}  // namespace
}  // namespace tutti::bench

int main(int argc, char** argv) {
    tutti::bench::Flags flags;
    CLI::App app("Streams carried by an engine process against the bare sherpa-onnx library.");
    app.add_option("model", flags.model, "Folder of a model of tools/make_tone_model.py")
        ->required();
    app.add_option("--engine", flags.engine, "The engine's program")->capture_default_str();
    app.add_option("--streams", flags.streams, "Streams at once")->capture_default_str();
    app.add_option("--turns", flags.turns, "Turns of each way")->capture_default_str();
    app.add_option("--letters", flags.letters, "Letters of 0.2 s each stream says")
        ->capture_default_str();
    app.add_option("--share", flags.share, "Load of the paced run")->capture_default_str();
    app.add_option("--least", flags.least, "Ratio below which it fails")->capture_default_str();
    CLI11_PARSE(app, argc, argv);
    try {
        return tutti::bench::run(flags);
    } catch (const std::exception& e) {
        fmt::print(stderr, "{}\n", e.what());
        return 1;
    }
}
