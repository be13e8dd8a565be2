// SPDX-License-Identifier: Apache-2.0
// What a stream costs that is listened to for speech: with our own session of ONNX Runtime, whose
// weights all streams share, and with a detector object of sherpa-onnx for each. Of WAV files it
// shows where speech was heard, in milliseconds.
#include "audio/endpointer.h"
#include "engine/silero_vad.h"

#include "models/silero_files.h"
#include "wav_file.h"
#include <CLI/CLI.hpp>
#include <dlfcn.h>
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <fstream>

namespace {

using namespace tutti;
using Clock = std::chrono::steady_clock;
using engine::SileroVad;

constexpr auto kFrame = SileroVad::kFrame;

// The structs of sherpa-onnx 1.13.8; see the reference of that version.
struct SileroConfig {
    const char* model;
    float threshold, min_silence, min_speech;
    std::int32_t window;
    float max_speech;
};
struct VadConfig {
    SileroConfig silero;
    std::int32_t sample_rate, threads;
    const char* provider;
    std::int32_t debug;
    SileroConfig ten;
};
static_assert(sizeof(VadConfig) == 88);

double resident_mb() {
    std::ifstream statm("/proc/self/statm");
    long all = 0, resident = 0;
    statm >> all >> resident;
    return static_cast<double>(resident) * 4096 / 1e6;
}

std::vector<std::int16_t> noise(std::size_t count) {
    std::vector<std::int16_t> samples(count);
    std::uint32_t state = 1;
    for (auto& sample : samples) {
        state = state * 1664525 + 1013904223;
        sample = static_cast<std::int16_t>(static_cast<std::int32_t>(state >> 16) % 2000 - 1000);
    }
    return samples;
}

void show(const char* what, double megabytes, std::size_t streams, std::vector<double>& times) {
    std::ranges::sort(times);
    fmt::print("{:<28} {:8.3f} MB a stream   p50 {:6.1f} us  p99 {:6.1f} us a window of 32 ms\n",
               what, megabytes / static_cast<double>(streams), times[times.size() / 2],
               times[times.size() * 99 / 100]);
}

template <class Step>
std::vector<double> time_of(std::size_t streams, std::size_t windows, Step step) {
    std::vector<double> times;
    for (std::size_t window = 0; window < windows; ++window)
        for (std::size_t stream = 0; stream < streams; ++stream) {
            const auto begun = Clock::now();
            step(stream, window);
            times.push_back(
                std::chrono::duration<double, std::micro>(Clock::now() - begun).count());
        }
    return times;
}

void measure_own(const std::shared_ptr<SileroVad>& vad, const std::vector<std::int16_t>& samples,
                 std::size_t streams) {
    std::vector<std::unique_ptr<audio::FrameDetector>> detectors;
    const double before = resident_mb();
    for (std::size_t i = 0; i < streams; ++i) detectors.push_back(vad->make_detector());
    auto times = time_of(streams, samples.size() / kFrame, [&](auto stream, auto window) {
        detectors[stream]->is_speech(std::span(samples).subspan(window * kFrame, kFrame));
    });
    show("own session, one by one", resident_mb() - before, streams, times);
}

// As an engine does it: what has come of all of them is heard at once.
void measure_together(const std::shared_ptr<SileroVad>& vad,
                      const std::vector<std::int16_t>& samples, std::size_t streams) {
    std::vector<std::unique_ptr<audio::FrameDetector>> detectors;
    for (std::size_t i = 0; i < streams; ++i) detectors.push_back(vad->make_detector());
    auto times = time_of(1, samples.size() / kFrame, [&](auto, auto window) {
        const auto frame = std::span(samples).subspan(window * kFrame, kFrame);
        for (const auto& detector : detectors) detector->expect(frame);
        vad->listen();
        for (const auto& detector : detectors) detector->is_speech(frame);
    });
    for (auto& time : times) time /= static_cast<double>(streams);
    show(fmt::format("own session, {} at once", streams).c_str(), 0, streams, times);
}

void measure_library(const std::filesystem::path& folder, const std::string& model,
                     const std::vector<std::int16_t>& samples, std::size_t streams) {
    void* library = ::dlopen((folder / "libsherpa-onnx-c-api.so").c_str(), RTLD_NOW);
    if (!library) return fmt::print("{}\n", ::dlerror());
    using Create = void*(const VadConfig*, float);
    using Accept = void(void*, const float*, std::int32_t);
    const auto create =
        reinterpret_cast<Create*>(::dlsym(library, "SherpaOnnxCreateVoiceActivityDetector"));
    const auto accept = reinterpret_cast<Accept*>(
        ::dlsym(library, "SherpaOnnxVoiceActivityDetectorAcceptWaveform"));
    VadConfig config{};
    config.silero = {model.c_str(), 0.5f, 0.3f, 0.1f, 512, 20};
    config.sample_rate = 16000;
    config.threads = 1;
    config.provider = "cpu";
    std::vector<float> floats(samples.begin(), samples.end());
    for (auto& value : floats) value /= 32768;
    std::vector<void*> detectors;
    const double before = resident_mb();
    for (std::size_t i = 0; i < streams; ++i) detectors.push_back(create(&config, 30));
    auto times = time_of(streams, floats.size() / kFrame, [&](auto stream, auto window) {
        accept(detectors[stream], floats.data() + window * kFrame, kFrame);
    });
    show("detectors of sherpa-onnx", resident_mb() - before, streams, times);
}

void show_speech(const std::shared_ptr<SileroVad>& vad, const std::string& path,
                 bool with_probabilities) {
    const auto samples = bench::load_wav(path).value();
    audio::Endpointer endpointer({.preroll = audio::Millis(0), .tail = audio::Millis(0)},
                                 vad->make_detector());
    std::vector<std::string> borders;
    for (const auto& event : endpointer.process(samples))
        std::visit([&](const auto& e) { borders.push_back(std::to_string(e.at / 16)); }, event);
    if (const auto end = endpointer.end_utterance()) borders.push_back(std::to_string(*end / 16));
    fmt::print("{}: {}\n", path, fmt::join(borders, " "));
    if (!with_probabilities) return;
    SileroVad::Ear ear;
    SileroVad::Ear* const ears[] = {&ear};
    for (std::size_t at = 0; at + kFrame <= samples.size(); at += kFrame) {
        const SileroVad::Frame frames[] = {std::span(samples).subspan(at).first<kFrame>()};
        fmt::print("{:6} {:.3f}\n", at / 16, vad->hear(ears, frames).front());
    }
}

}  // namespace

int main(int argc, char** argv) {
    CLI::App app("Memory and time of voice activity detection");
    std::string library = models::onnx_library_path().string(), model;
    std::size_t streams = 50, windows = 200;
    std::vector<std::string> files;
    bool with_probabilities = false;
    app.add_option("--library", library, "libonnxruntime.so, with that of sherpa-onnx beside it");
    app.add_option("--model", model, "the Silero file; empty = the installed one");
    app.add_option("--streams", streams);
    app.add_option("--windows", windows, "of 32 ms, of each stream");
    app.add_flag("--probabilities", with_probabilities, "of every window of the files");
    app.add_option("files", files, "WAV files of 16 kHz mono: shows where speech is in them");
    CLI11_PARSE(app, argc, argv);

    const auto file = models::silero_model_in(model).value();
    const double before = resident_mb();
    const auto vad = SileroVad::load({.library = library, .model = file}).value();
    if (!files.empty()) {
        for (const auto& path : files) show_speech(vad, path, with_probabilities);
        return 0;
    }
    fmt::print("the model itself: {:.1f} MB\n", resident_mb() - before);
    const auto samples = noise(windows * kFrame);
    measure_own(vad, samples, streams);
    for (const std::size_t together : {2, 4, 8, 16, 64}) measure_together(vad, samples, together);
    measure_library(std::filesystem::path(library).parent_path(), file.string(), samples, streams);
    return 0;
}
