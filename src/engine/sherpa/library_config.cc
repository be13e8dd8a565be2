// SPDX-License-Identifier: Apache-2.0
// The half of model_plan.h that fills the library's structs.
#include "engine/sherpa/model_plan.h"

#include <cstdlib>

namespace tutti::engine::sherpa {
namespace {

constexpr int kFeatureDimension = 80;

// Null is the library's default.
const char* find(const std::map<std::string, std::string>& in, const std::string& key) {
    const auto found = in.find(key);
    return found == in.end() ? nullptr : found->second.c_str();
}

class Reader {
  public:
    explicit Reader(const ModelPlan& plan) : plan_(plan) {}

    const char* file(const char* role) const { return find(plan_.files, role); }
    const char* text(const char* name) const { return find(plan_.options, name); }
    std::int32_t integer(const char* name, std::int32_t otherwise = 0) const {
        const char* value = text(name);
        return value ? static_cast<std::int32_t>(std::strtol(value, nullptr, 10)) : otherwise;
    }
    float real(const char* name) const {
        const char* value = text(name);
        return value ? std::strtof(value, nullptr) : 0.f;
    }
    bool is_on(const char* name) const {
        const char* value = text(name);
        return value && std::string_view(value) == "true";
    }
    const char* provider() const { return plan_.provider.c_str(); }
    bool is(std::string_view family) const { return plan_.family == family; }

    // What both structs call the same.
    template <class Config>
    void fill(Config& config) const {
        config.features = {proto::kSampleRate, kFeatureDimension};
        config.tokens = file("tokens");
        config.num_threads = integer("num_threads", 1);
        config.provider = provider();
        config.model_type = text("model_type");
        config.modeling_unit = text("modeling_unit");
        config.bpe_vocab = file("bpe_vocab");
        config.decoding_method = text("decoding_method");
        config.max_active_paths = integer("max_active_paths");
        config.hotwords_file = file("hotwords");
        config.hotwords_score = real("hotwords_score");
        config.rule_fsts = file("rule_fsts");
        config.rule_fars = file("rule_fars");
        config.blank_penalty = real("blank_penalty");
        if (is("transducer"))
            config.transducer = {file("encoder"), file("decoder"), file("joiner")};
        if (is("nemo_ctc")) config.nemo_ctc = {file("model")};
    }

  private:
    const ModelPlan& plan_;
};

}  // namespace

PunctuationConfig punctuation_config(const ModelPlan& plan) {
    const Reader plans(plan);
    PunctuationConfig config = {};
    config.ct_transformer = plans.file("model");
    config.num_threads = plans.integer("num_threads", 1);
    config.provider = plans.provider();
    return config;
}

DiarizationConfig diarization_config(const ModelPlan& plan) {
    const Reader plans(plan);
    DiarizationConfig config = {};
    const auto threads = plans.integer("num_threads", 1);
    config.segmentation.pyannote = plans.file("segmentation");
    config.segmentation.window_shift_ratio = plans.real("window_shift_ratio");
    config.segmentation.num_threads = config.embedding.num_threads = threads;
    config.segmentation.provider = config.embedding.provider = plans.provider();
    config.embedding.model = plans.file("embedding");
    config.clustering.num_clusters = plans.integer("num_speakers", -1);
    config.clustering.threshold = plans.real("clustering_threshold");
    config.min_duration_on = plans.real("min_duration_on");
    config.min_duration_off = plans.real("min_duration_off");
    return config;
}

OnlineConfig online_config(const ModelPlan& plan) {
    const Reader plans(plan);
    OnlineConfig config = {};
    plans.fill(config);
    if (plans.is("paraformer")) config.paraformer = {plans.file("encoder"), plans.file("decoder")};
    if (plans.is("zipformer2_ctc")) config.zipformer2_ctc = {plans.file("model")};
    return config;
}

OfflineConfig offline_config(const ModelPlan& plan) {
    const Reader plans(plan);
    OfflineConfig config = {};
    plans.fill(config);
    if (plans.is("paraformer")) config.paraformer = {plans.file("model")};
    if (plans.is("zipformer_ctc")) config.zipformer_ctc = {plans.file("model")};
    if (plans.is("sense_voice"))
        config.sense_voice = {plans.file("model"), plans.text("language"), plans.is_on("use_itn")};
    if (plans.is("whisper")) {
        config.whisper.encoder = plans.file("encoder");
        config.whisper.decoder = plans.file("decoder");
        config.whisper.language = plans.text("language");
        config.whisper.task = plans.text("task");
    }
    if (plans.is("moonshine"))
        config.moonshine = {plans.file("preprocessor"), plans.file("encoder"),
                            plans.file("uncached_decoder"), plans.file("cached_decoder"),
                            plans.file("merged_decoder")};
    return config;
}

}  // namespace tutti::engine::sherpa
