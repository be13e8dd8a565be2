// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/sherpa_recognizer.h"

#include "base/log.h"
#include "engine/onnx_runtime.h"
#include "engine/sherpa/diarization_recognizer.h"
#include "engine/sherpa/loaded_model.h"
#include "engine/sherpa/probe.h"
#include "engine/sherpa/punctuation_recognizer.h"
#include "engine/sherpa/sherpa_streams.h"
#include "engine/try_model.h"
#include "runtime/sha256.h"

#include <fmt/format.h>

#include <algorithm>
#include <stdexcept>
#include <thread>

namespace tutti::engine {
namespace {

using sherpa::LoadedModel;
using sherpa::ModelPlan;

class OnlineSherpa : public Recognizer {
  public:
    OnlineSherpa(std::shared_ptr<const LoadedModel> model, std::size_t batch)
        : model_(std::move(model)), batch_(batch) {}

    std::unique_ptr<RecognizerStream> create_stream(StreamOptions options) override {
        return std::make_unique<sherpa::OnlineStreamOf>(model_, options);
    }
    void decode(std::span<RecognizerStream* const> ready) override {
        sherpa::decode_online(*model_, ready);
    }
    std::size_t batch_limit() const override { return batch_; }

  private:
    std::shared_ptr<const LoadedModel> model_;  // with the factory and the other threads
    const std::size_t batch_;
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

// `batch`: of a streaming model.
std::unique_ptr<Recognizer> make_recognizer(std::shared_ptr<const LoadedModel> model,
                                            std::size_t batch = sherpa::kMostStreams) {
    const auto kind = model->plan().kind;
    if (kind == models::Kind::punctuation)
        return sherpa::make_punctuation_recognizer(std::move(model));
    if (kind == models::Kind::diarization)
        return sherpa::make_diarization_recognizer(std::move(model));
    if (kind == models::Kind::asr_streaming)
        return std::make_unique<OnlineSherpa>(std::move(model), batch);
    return std::make_unique<OfflineSherpa>(std::move(model));
}

// A byte that changed on the way here may leave a model that loads and mishears.
Result<void> check_digests(const models::ModelCard& card, const std::filesystem::path& folder) {
    for (const auto& file : card.files) {
        const auto path = folder / file.path;
        const auto digest = runtime::sha256_of(path);
        if (!digest) return digest.error();
        if (*digest != file.sha256)
            return Error(Errc::bad_config, fmt::format("{} is not the file that its card names: it "
                                                       "has another SHA-256",
                                                       log::printable(path.string())));
    }
    return {};
}

// The library would compute on the CPU without a word.
Result<void> check_provider(const sherpa::Api& api, const ModelPlan& plan) {
    if (plan.provider == "cpu") return {};
    const auto has = onnx_providers(api.onnx_runtime);
    if (plan.provider == "cuda" && std::ranges::find(has, "CUDAExecutionProvider") != has.end())
        return {};
    return Error(Errc::bad_config,
                 fmt::format("model {}: options.provider: this library of sherpa-onnx has no {}, "
                             "only {}; SHERPA_ONNX_LIBRARY names the file of another build",
                             plan.id, plan.provider, fmt::join(has, ", ")));
}

template <class T>
T require(Result<T> result) {
    if (!result) throw std::runtime_error(result.error().context);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace

WholeTraits sherpa_traits(const std::filesystem::path& model_folder) {
    const auto card = models::load_card(model_folder);
    if (!card) return {};  // load_sherpa() will say so
    if (card->kind == models::Kind::punctuation) return {.takes_text = true};
    if (card->kind == models::Kind::diarization)
        return {.longest = proto::kMaxDiarized, .most_streams = 2};
    return {};
}

Hearing sherpa_hearing(const std::filesystem::path& model_folder) {
    const auto plan = sherpa::plan_model(model_folder);
    if (!plan) return {};  // load_sherpa() will say so
    return {.after_words = plan->after_words};
}

RecognizerFactory load_sherpa(const SherpaOptions& options) {
    if (options.model_folder.empty())
        throw std::runtime_error("the model has no directory (--model-dir)");
    const auto library = sherpa::library_path(options.library);
    // Neither the library nor the model is ours to trust with the process.
    const auto plan = require(sherpa::plan_model(options.model_folder));
    const auto card = require(models::load_card(options.model_folder));
    require(check_digests(card, options.model_folder));
    const auto load = [&] {
        const auto* api = require(sherpa::Api::load(library));
        require(check_provider(*api, plan));
        return std::make_shared<const LoadedModel>(*api, plan);
    };
    const auto attempt = [&] {
        const auto recognizer = make_recognizer(load());
        try_model(*recognizer, card, options.model_folder);
    };
    if (const auto done = sherpa::try_in_child(attempt, options.probe_limit); !done)
        throw std::runtime_error(done.error().context);
    const std::shared_ptr<const LoadedModel> model = load();
    auto batch = sherpa::kMostStreams;
    if (plan.kind == models::Kind::asr_streaming) {
        batch = sherpa::measure_batch(*model, std::max(1u, std::thread::hardware_concurrency()));
        log::info("model={} decodes {} streams in a call", plan.id, batch);
    }
    return [model, batch](proto::StreamMode) { return make_recognizer(model, batch); };
}

}  // namespace tutti::engine
