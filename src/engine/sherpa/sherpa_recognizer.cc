// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/sherpa_recognizer.h"

#include "engine/sherpa/loaded_model.h"
#include "engine/sherpa/probe.h"
#include "engine/sherpa/sherpa_streams.h"

#include <stdexcept>

namespace tutti::engine {
namespace {

using sherpa::LoadedModel;
using sherpa::ModelPlan;

class OnlineSherpa : public Recognizer {
  public:
    explicit OnlineSherpa(std::shared_ptr<const LoadedModel> model) : model_(std::move(model)) {}

    std::unique_ptr<RecognizerStream> create_stream(StreamOptions options) override {
        return std::make_unique<sherpa::OnlineStreamOf>(model_, options);
    }
    void decode(std::span<RecognizerStream* const> ready) override {
        sherpa::decode_online(*model_, ready);
    }
    std::size_t batch_limit() const override { return sherpa::kMostStreams; }

  private:
    std::shared_ptr<const LoadedModel> model_;  // with the factory and the other threads
};

class OfflineSherpa : public Recognizer {
  public:
    explicit OfflineSherpa(std::shared_ptr<const LoadedModel> model) : model_(std::move(model)) {}

    std::unique_ptr<RecognizerStream> create_stream(StreamOptions options) override {
        return std::make_unique<sherpa::OfflineStreamOf>(model_, options);
    }
    void decode(std::span<RecognizerStream* const> ready) override {
        sherpa::decode_offline(*model_, ready);
    }
    std::size_t batch_limit() const override { return sherpa::kMostStreams; }

  private:
    std::shared_ptr<const LoadedModel> model_;  // with the factory and the other threads
};

std::unique_ptr<Recognizer> make_recognizer(std::shared_ptr<const LoadedModel> model) {
    if (model->plan().is_streaming) return std::make_unique<OnlineSherpa>(std::move(model));
    return std::make_unique<OfflineSherpa>(std::move(model));
}

// Half a second of a faint sound, heard to the end.
void try_out(std::shared_ptr<const LoadedModel> model) {
    const auto recognizer = make_recognizer(std::move(model));
    const auto stream = recognizer->create_stream({});
    std::vector<std::int16_t> samples(proto::kSampleRate / 2);
    for (std::size_t i = 0; i < samples.size(); ++i)
        samples[i] = static_cast<std::int16_t>(i * 7919 % 64);
    stream->accept_audio(samples);
    stream->input_finished(Ending::complete);
    RecognizerStream* one = stream.get();
    while (stream->is_ready()) recognizer->decode({&one, 1});
    stream->result();
}

template <class T>
T require(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().context);
    return std::move(*result);
}

}  // namespace

RecognizerFactory load_sherpa(const SherpaOptions& options) {
    if (options.model_folder.empty())
        throw std::runtime_error("the model has no directory (--model-dir)");
    const auto library = sherpa::library_path(options.library);
    // Neither the library nor the model is ours to trust with the process.
    const auto plan = require(sherpa::plan_model(options.model_folder));
    const auto load = [&] {
        const auto* api = require(sherpa::Api::load(library));
        return std::make_shared<const LoadedModel>(*api, plan);
    };
    if (const auto done = sherpa::try_in_child([&] { try_out(load()); }, options.probe_limit);
        !done)
        throw std::runtime_error(done.error().context);
    return [model = std::shared_ptr<const LoadedModel>(load())](proto::StreamMode) {
        return make_recognizer(model);
    };
}

}  // namespace tutti::engine
