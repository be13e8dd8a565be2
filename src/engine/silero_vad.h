// SPDX-License-Identifier: Apache-2.0
// Silero VAD: a small neural network that tells speech from other sound, in steps of 32 ms.
//
//   auto model = SileroVad::load({.library = ..., .model = ...});   // once a process
//   Endpointer endpointer(options, (*model)->make_detector());       // one a stream
//
// The weights are shared; a stream's detector holds 5 kB: the network's state and the last samples.
// Its detectors may be used on any threads, each on one at a time.
#pragma once

#include "engine/onnx_runtime.h"
#include "engine/stream_machine.h"

namespace tutti::engine {

class SileroVad : public std::enable_shared_from_this<SileroVad> {
  public:
    static constexpr std::size_t kFrame = 512;
    // Speech begins at the first of these probabilities, and ends below the second.
    static constexpr float kBegins = 0.5f, kEnds = 0.35f;
    // Now and then it takes so much of noise for speech.
    static constexpr audio::Millis kSure{64};

    struct Options {
        std::filesystem::path library;  // empty = see models::onnx_library_path
        std::filesystem::path model;    // the file, or the folder it is in
    };
    // Blocks; tries the model on a frame of silence. An error names the file and what is wrong.
    static Result<std::shared_ptr<const SileroVad>> load(const Options& options);

    std::unique_ptr<audio::FrameDetector> make_detector() const;

    // The probability that somebody speaks in each frame of one stream.
    class Ear {
      public:
        explicit Ear(std::shared_ptr<const SileroVad> vad);
        float probability(std::span<const std::int16_t, kFrame> frame);

      private:
        std::shared_ptr<const SileroVad> vad_;  // with the other ears
        OnnxTensor input_, rate_, state_, next_state_, output_;
        bool is_swapped_ = false;  // next_state_ holds the present state
    };

  private:
    explicit SileroVad(std::shared_ptr<const OnnxModel> model) : model_(std::move(model)) {}

    std::shared_ptr<const OnnxModel> model_;
};

// The same, as an engine's Hearing wants it. Throws std::runtime_error.
DetectorFactory load_silero(const SileroVad::Options& options);

}  // namespace tutti::engine
