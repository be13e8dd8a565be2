// SPDX-License-Identifier: Apache-2.0
#include "engine/silero_vad.h"

#include "base/log.h"
#include "proto/transcript.h"

#include "models/model_card.h"
#include "models/silero_files.h"
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tutti::engine {
namespace {

// The network is given the end of the frame before with each frame.
constexpr std::size_t kContext = 64;
constexpr std::int64_t kStateWidth = 128;

class SileroDetector final : public audio::FrameDetector {
  public:
    explicit SileroDetector(std::shared_ptr<const SileroVad> vad) : ear_(std::move(vad)) {}

    std::size_t frame_samples() const override { return SileroVad::kFrame; }
    bool is_speech(std::span<const std::int16_t> frame) override {
        const float probability = ear_.probability(frame.first<SileroVad::kFrame>());
        is_speech_ = probability >= (is_speech_ ? SileroVad::kEnds : SileroVad::kBegins);
        return is_speech_;
    }

  private:
    SileroVad::Ear ear_;
    bool is_speech_ = false;
};

}  // namespace

Result<std::shared_ptr<const SileroVad>> SileroVad::load(const Options& options) {
    const auto file = models::silero_model_in(options.model);
    if (!file) return file.error();
    auto model = OnnxModel::load(models::onnx_library_path(options.library), *file,
                                 {"input", "state", "sr"}, {"output", "stateN"});
    if (!model) return model.error();
    const std::shared_ptr<const SileroVad> vad(new SileroVad(std::move(*model)));
    try {
        const std::array<std::int16_t, kFrame> silence{};
        const float probability = Ear(vad).probability(silence);
        if (probability >= 0 && probability <= 1) return vad;
    } catch (const std::exception& e) {
        return Error(Errc::unavailable, fmt::format("{}: {}", log::printable(file->string()),
                                                    log::printable(e.what())));
    }
    return Error(Errc::unavailable,
                 fmt::format("{}: is not the Silero model", log::printable(file->string())));
}

std::unique_ptr<audio::FrameDetector> SileroVad::make_detector() const {
    return std::make_unique<SileroDetector>(shared_from_this());
}

SileroVad::Ear::Ear(std::shared_ptr<const SileroVad> vad)
    : vad_(std::move(vad)),
      input_(vad_->model_->api(), OnnxTensor::real, {1, kContext + kFrame}),
      rate_(vad_->model_->api(), OnnxTensor::integer64, {}),
      state_(vad_->model_->api(), OnnxTensor::real, {2, 1, kStateWidth}),
      next_state_(vad_->model_->api(), OnnxTensor::real, {2, 1, kStateWidth}),
      output_(vad_->model_->api(), OnnxTensor::real, {1, 1}) {
    rate_.integers()[0] = proto::kSampleRate;
}

float SileroVad::Ear::probability(std::span<const std::int16_t, kFrame> frame) {
    const auto input = input_.reals();
    std::copy(input.end() - kContext, input.end(), input.begin());
    std::ranges::transform(frame, input.begin() + kContext, [](auto s) { return s / 32768.f; });
    auto* before = is_swapped_ ? &next_state_ : &state_;
    auto* after = is_swapped_ ? &state_ : &next_state_;
    const std::array<OnnxTensor*, 3> inputs{&input_, before, &rate_};
    const std::array<OnnxTensor*, 2> outputs{&output_, after};
    vad_->model_->run(inputs, outputs);
    is_swapped_ = !is_swapped_;
    return output_.reals()[0];
}

DetectorFactory load_silero(const SileroVad::Options& options) {
    auto vad = SileroVad::load(options);
    if (!vad) throw std::runtime_error(vad.error().context);
    return [vad = std::move(*vad)] { return vad->make_detector(); };
}

}  // namespace tutti::engine
