// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/diarization_recognizer.h"

#include <algorithm>
#include <atomic>
#include <cmath>

namespace tutti::engine::sherpa {
namespace {

using std::chrono::steady_clock;

// The slowest machine that is worth waiting for, against the audio's own time.
constexpr int kSlowest = 4;

proto::Millis to_millis(float seconds, SamplePos length) {
    const auto end = static_cast<float>(length) / proto::kSampleRate;
    if (!std::isfinite(seconds)) return {};
    return proto::Millis(std::lround(std::clamp(seconds, 0.f, end) * 1000));
}

class DiarizedStream : public RecognizerStream {
  public:
    void accept_audio(std::span<const std::int16_t> samples) override {
        samples_.reserve(samples_.size() + samples.size());
        for (const auto sample : samples) samples_.push_back(static_cast<float>(sample) / 32768.f);
    }
    void input_finished(Ending) override {
        is_finished_ = true;
        length_ = static_cast<SamplePos>(samples_.size());
    }
    bool is_ready() const override { return is_finished_ && !samples_.empty(); }
    Hypothesis partial() override { return {}; }
    Outcome result() override { return {{{}, std::move(turns_)}, length_, {}}; }

    const std::vector<float>& samples() const { return samples_; }
    void on_decoded(std::span<const DiarizationSegment> segments) {
        for (const auto& segment : segments)
            turns_.push_back({std::to_string(segment.speaker), to_millis(segment.start, length_),
                              to_millis(segment.end, length_), 0});
        samples_ = std::vector<float>();
    }

  private:
    std::vector<float> samples_;
    std::vector<proto::Word> turns_;
    SamplePos length_ = 0;
    bool is_finished_ = false;
};

class DiarizationRecognizer : public Recognizer {
  public:
    explicit DiarizationRecognizer(std::shared_ptr<const LoadedModel> model)
        : model_(std::move(model)) {}

    std::unique_ptr<RecognizerStream> create_stream(StreamOptions options) override {
        if (!options.text.empty())
            throw RecognitionError(
                Error(Errc::bad_request, "a model that tells speakers takes no text"));
        return std::make_unique<DiarizedStream>();
    }
    void decode(std::span<RecognizerStream* const> ready) override {
        for (auto* stream : ready) diarize(*static_cast<DiarizedStream*>(stream));
    }
    std::size_t batch_limit() const override { return 1; }

    std::optional<steady_clock::time_point> last_progress() const override {
        const auto until = trusted_until_.load();
        if (until == steady_clock::time_point()) return std::nullopt;
        return std::min(steady_clock::now(), until);
    }

  private:
    void diarize(DiarizedStream& stream) {
        const auto& samples = stream.samples();
        const auto length = proto::to_millis(static_cast<SamplePos>(samples.size()));
        trusted_until_ = steady_clock::now() + kSlowest * length;
        guarded("tell the speakers", [&] {
            const auto& api = model_->api();
            using Result =
                std::unique_ptr<const DiarizationResult, decltype(api.destroy_diarization_result)>;
            using Segments = std::unique_ptr<const DiarizationSegment,
                                             decltype(api.destroy_diarization_segments)>;
            const Result result(api.diarize(model_->diarization(), samples.data(),
                                            static_cast<std::int32_t>(samples.size())),
                                api.destroy_diarization_result);
            const auto count = result ? api.count_diarization_segments(result.get()) : 0;
            const Segments segments(count > 0 ? api.diarization_segments(result.get()) : nullptr,
                                    api.destroy_diarization_segments);
            stream.on_decoded({segments.get(), segments ? static_cast<std::size_t>(count) : 0});
        });
        trusted_until_ = steady_clock::time_point();
    }

    std::shared_ptr<const LoadedModel> model_;  // with the factory and the other threads
    // Of the call under way; the epoch when there is none.
    std::atomic<steady_clock::time_point> trusted_until_{};
};

}  // namespace

std::unique_ptr<Recognizer> make_diarization_recognizer(std::shared_ptr<const LoadedModel> model) {
    return std::make_unique<DiarizationRecognizer>(std::move(model));
}

}  // namespace tutti::engine::sherpa
