// SPDX-License-Identifier: Apache-2.0
// Silero VAD: a small neural network that tells speech from other sound, in steps of 32 ms.
//
//   auto vad = SileroVad::load({.library = ..., .model = ...});      // once a process
//   Endpointer endpointer(options, (*vad)->make_detector());          // one a stream
//   endpointer.expect(samples); ... (*vad)->listen(); endpointer.process(samples); ...
//
// The weights are shared; a stream takes a few kB: the network's state and the last samples.
// Streams that are heard in one computation cost half of what each costs alone: what detectors were
// told to expect is heard so by listen(), anything else when it is asked for. One thread.
#pragma once

#include "engine/onnx_runtime.h"
#include "engine/stream_machine.h"

#include <array>

namespace tutti::engine {

class SileroDetector;

class SileroVad : public std::enable_shared_from_this<SileroVad> {
  public:
    static constexpr std::size_t kFrame = 512;
    // In one computation; more would save nothing further (bench/voice_activity).
    static constexpr std::size_t kMostAtOnce = 16;
    // Speech begins at the first of these probabilities, and ends below the second.
    static constexpr float kBegins = 0.5f, kEnds = 0.35f;
    // Now and then it takes so much of noise for speech.
    static constexpr audio::Millis kSure{64};

    struct Options {
        std::filesystem::path library;  // empty = see models::onnx_library_path
        std::filesystem::path model;    // the file, or the folder it is in
    };
    // Blocks; tries the model on a frame of silence. An error names the file and what is wrong.
    static Result<std::shared_ptr<SileroVad>> load(const Options& options);
    ~SileroVad();

    std::unique_ptr<audio::FrameDetector> make_detector();
    // Hears all that the detectors expect.
    void listen();

    // What the network remembers of one stream.
    struct Ear {
        static constexpr std::size_t kContext = 64, kState = 128;
        std::array<float, kContext> context{};
        std::array<std::array<float, kState>, 2> state{};
    };
    using Frame = std::span<const std::int16_t, kFrame>;
    // The probability that somebody speaks in the next frame of each of some streams. REQUIRES: at
    // most kMostAtOnce, none twice. Throws std::runtime_error; the ears are as before then.
    std::vector<float> hear(std::span<Ear* const> ears, std::span<const Frame> frames);

  private:
    friend SileroDetector;
    struct Tensors;

    explicit SileroVad(std::shared_ptr<const OnnxModel> model);
    Tensors& tensors_for(std::size_t count);
    std::size_t listen_to_some();

    std::shared_ptr<const OnnxModel> model_;
    std::array<std::unique_ptr<Tensors>, kMostAtOnce> tensors_;  // for one stream, two...
    std::vector<SileroDetector*> expecting_;                     // a whole frame at least
};

// The same, as an engine's Hearing wants it: its detectors and how they listen. Throws
// std::runtime_error.
void load_silero(const SileroVad::Options& options, Hearing& hearing);

}  // namespace tutti::engine
