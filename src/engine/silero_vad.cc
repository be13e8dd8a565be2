// SPDX-License-Identifier: Apache-2.0
#include "engine/silero_vad.h"

#include "base/log.h"
#include "proto/transcript.h"

#include "models/model_card.h"
#include "models/silero_files.h"
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <stdexcept>

namespace tutti::engine {

// --- one stream ----------------------------------------------------------------------------------

namespace {

// Of a stream that comes as it is spoken; what a replay brings at once is not kept room for.
constexpr std::size_t kUsual = 8 * SileroVad::kFrame;

// Of a tensor of several streams, the values that are one stream's.
auto part_of(std::span<float> values, std::size_t index, std::size_t size) {
    return values.subspan(index * size, size);
}

}  // namespace

class SileroDetector final : public audio::FrameDetector {
  public:
    explicit SileroDetector(std::shared_ptr<SileroVad> vad) : vad_(std::move(vad)) {}
    ~SileroDetector() override { std::erase(vad_->expecting_, this); }

    std::size_t frame_samples() const override { return SileroVad::kFrame; }
    bool is_speech(std::span<const std::int16_t> frame) override {
        const float probability = heard_.empty() ? hear(frame) : heard_.front();
        if (!heard_.empty()) heard_.pop_front();
        is_speech_ = probability >= (is_speech_ ? SileroVad::kEnds : SileroVad::kBegins);
        return is_speech_;
    }
    void expect(std::span<const std::int16_t> samples) override {
        const bool has_waited = has_frame();
        expected_.insert(expected_.end(), samples.begin(), samples.end());
        if (!has_waited && has_frame()) vad_->expecting_.push_back(this);
    }

    SileroVad::Ear& ear() { return ear_; }
    bool has_frame() const { return expected_.size() - taken_ >= SileroVad::kFrame; }
    SileroVad::Frame frame() const {
        return std::span(expected_).subspan(taken_).first<SileroVad::kFrame>();
    }
    void on_heard(float probability) {
        heard_.push_back(probability);
        taken_ += SileroVad::kFrame;
        if (!has_frame()) drop_taken();
    }
    // What is_speech() is asked for then, it hears itself.
    void forget_frames() {
        while (has_frame()) taken_ += SileroVad::kFrame;
        drop_taken();
    }

  private:
    void drop_taken() {
        expected_.erase(expected_.begin(), expected_.begin() + static_cast<long>(taken_));
        taken_ = 0;
        if (expected_.capacity() > kUsual) expected_.shrink_to_fit();
    }
    float hear(std::span<const std::int16_t> frame) {
        SileroVad::Ear* ear = &ear_;
        const auto whole = frame.first<SileroVad::kFrame>();
        return vad_->hear({&ear, 1}, {&whole, 1}).front();
    }

    std::shared_ptr<SileroVad> vad_;  // with the other detectors
    SileroVad::Ear ear_;
    bool is_speech_ = false;
    std::vector<std::int16_t> expected_;
    std::size_t taken_ = 0;  // of those
    std::deque<float> heard_;
};

// --- the network ---------------------------------------------------------------------------------

struct SileroVad::Tensors {
    Tensors(const OnnxApi& api, std::int64_t count)
        : input(api, OnnxTensor::real, {count, Ear::kContext + kFrame}),
          rate(api, OnnxTensor::integer64, {}),
          state(api, OnnxTensor::real, {2, count, Ear::kState}),
          next_state(api, OnnxTensor::real, {2, count, Ear::kState}),
          output(api, OnnxTensor::real, {count, 1}) {
        rate.integers()[0] = proto::kSampleRate;
    }
    OnnxTensor input, rate, state, next_state, output;
};

SileroVad::SileroVad(std::shared_ptr<const OnnxModel> model) : model_(std::move(model)) {
}
SileroVad::~SileroVad() = default;

Result<std::shared_ptr<SileroVad>> SileroVad::load(const Options& options) {
    const auto file = models::silero_model_in(options.model);
    if (!file) return file.error();
    auto model = OnnxModel::load(models::onnx_library_path(options.library), *file,
                                 {"input", "state", "sr"}, {"output", "stateN"});
    if (!model) return model.error();
    const std::shared_ptr<SileroVad> vad(new SileroVad(std::move(*model)));
    try {
        const std::array<std::int16_t, kFrame> silence{};
        Ear ears[2];
        Ear* const both[] = {&ears[0], &ears[1]};
        const Frame frames[] = {silence, silence};
        const auto heard = vad->hear(both, frames);
        if (std::ranges::all_of(heard, [](float p) { return p >= 0 && p <= 1; })) return vad;
    } catch (const std::exception& e) {
        return Error(Errc::unavailable, fmt::format("{}: {}", log::printable(file->string()),
                                                    log::printable(e.what())));
    }
    return Error(Errc::unavailable,
                 fmt::format("{}: is not the Silero model", log::printable(file->string())));
}

std::unique_ptr<audio::FrameDetector> SileroVad::make_detector() {
    return std::make_unique<SileroDetector>(shared_from_this());
}

SileroVad::Tensors& SileroVad::tensors_for(std::size_t count) {
    auto& tensors = tensors_.at(count - 1);
    if (!tensors)
        tensors = std::make_unique<Tensors>(model_->api(), static_cast<std::int64_t>(count));
    return *tensors;
}

std::vector<float> SileroVad::hear(std::span<Ear* const> ears, std::span<const Frame> frames) {
    const auto count = ears.size();
    auto& tensors = tensors_for(count);
    const auto states = tensors.state.reals(), next = tensors.next_state.reals();
    for (std::size_t i = 0; i < count; ++i) {
        const auto input = part_of(tensors.input.reals(), i, Ear::kContext + kFrame);
        std::ranges::copy(ears[i]->context, input.begin());
        std::ranges::transform(frames[i], input.begin() + Ear::kContext,
                               [](auto sample) { return sample / 32768.f; });
        for (std::size_t layer = 0; layer < 2; ++layer)
            std::ranges::copy(ears[i]->state[layer],
                              part_of(states, layer * count + i, Ear::kState).begin());
    }
    const std::array<OnnxTensor*, 3> inputs{&tensors.input, &tensors.state, &tensors.rate};
    const std::array<OnnxTensor*, 2> outputs{&tensors.output, &tensors.next_state};
    model_->run(inputs, outputs);
    for (std::size_t i = 0; i < count; ++i) {
        const auto input = part_of(tensors.input.reals(), i, Ear::kContext + kFrame);
        std::ranges::copy(input.last(Ear::kContext), ears[i]->context.begin());
        for (std::size_t layer = 0; layer < 2; ++layer)
            std::ranges::copy(part_of(next, layer * count + i, Ear::kState),
                              ears[i]->state[layer].begin());
    }
    const auto output = tensors.output.reals();
    return {output.begin(), output.end()};
}

// --- many streams --------------------------------------------------------------------------------

void SileroVad::listen() {
    while (!expecting_.empty()) {
        const auto heard = listen_to_some();
        // The others first: one who has much to say does not keep them waiting.
        std::rotate(expecting_.begin(), expecting_.begin() + static_cast<long>(heard),
                    expecting_.end());
        std::erase_if(expecting_, [](const auto* detector) { return !detector->has_frame(); });
    }
}

// A frame each of the first; how many.
std::size_t SileroVad::listen_to_some() {
    const auto count = std::min(expecting_.size(), kMostAtOnce);
    std::vector<Ear*> ears;
    std::vector<Frame> frames;
    for (auto* detector : std::span(expecting_).first(count)) {
        ears.push_back(&detector->ear());
        frames.push_back(detector->frame());
    }
    std::vector<float> probabilities;
    try {
        probabilities = hear(ears, frames);
    } catch (const std::exception&) {
        // Each tells by itself what is wrong with it.
        for (auto* detector : std::span(expecting_).first(count)) detector->forget_frames();
        return count;
    }
    for (std::size_t i = 0; i < count; ++i) expecting_[i]->on_heard(probabilities[i]);
    return count;
}

void load_silero(const SileroVad::Options& options, Hearing& hearing) {
    const auto loaded = SileroVad::load(options);
    if (!loaded) throw std::runtime_error(loaded.error().context);
    hearing.make_detector = [vad = *loaded] { return vad->make_detector(); };
    hearing.listen = [vad = *loaded] { vad->listen(); };
}

}  // namespace tutti::engine
