// SPDX-License-Identifier: Apache-2.0
// The part of the C interface of sherpa-onnx that we use, declared by ourselves for exactly one
// version, and the library loaded at run time.
//
//   const auto api = sherpa::Api::load(sherpa::library_path(flag));   // a clear error if it cannot
//   auto* recognizer = api->create_online_recognizer(&config);
//
// The layout of these structs changes between versions without notice, so a library of another
// version is refused (docs/decisions/0006-sherpa-onnx-behind-our-own-declarations.md). A config
// starts as `= {}`: zero and null mean the library's default, field by field.
#pragma once

#include "base/error.h"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>

namespace tutti::engine::sherpa {

inline constexpr const char* kVersion = "1.13.8";

struct Transducer {
    const char *encoder, *decoder, *joiner;
};
struct EncoderDecoder {
    const char *encoder, *decoder;
};
struct OneModel {
    const char* model;
};
struct Features {
    std::int32_t sample_rate, dimension;
};
struct HomophoneReplacer {
    const char *unused, *lexicon, *rule_fsts;
};

struct OnlineConfig {
    Features features;
    Transducer transducer;
    EncoderDecoder paraformer;
    OneModel zipformer2_ctc;
    const char* tokens;
    std::int32_t num_threads;
    const char* provider;
    std::int32_t debug;
    const char *model_type, *modeling_unit, *bpe_vocab, *tokens_buffer;
    std::int32_t tokens_buffer_size;
    OneModel nemo_ctc, t_one_ctc;
    const char* decoding_method;
    std::int32_t max_active_paths;
    std::int32_t enable_endpoint;
    float rule1_silence, rule2_silence, rule3_length;
    const char* hotwords_file;
    float hotwords_score;
    struct {
        const char* graph;
        std::int32_t max_active;
    } ctc_fst;
    const char *rule_fsts, *rule_fars;
    float blank_penalty;
    const char* hotwords_buffer;
    std::int32_t hotwords_buffer_size;
    HomophoneReplacer homophones;
};
static_assert(sizeof(OnlineConfig) == 272);
static_assert(offsetof(OnlineConfig, tokens) == 56);
static_assert(offsetof(OnlineConfig, nemo_ctc) == 128);
static_assert(offsetof(OnlineConfig, decoding_method) == 144);
static_assert(offsetof(OnlineConfig, blank_penalty) == 224);

struct OnlineResult {
    const char* text;
    const char* token_block;
    const char* const* tokens;  // null without tokens
    const float* timestamps;    // seconds; null when the model has none
    std::int32_t count;
    const char* json;
};
static_assert(sizeof(OnlineResult) == 48);

struct Whisper {
    const char *encoder, *decoder, *language, *task;
    std::int32_t tail_paddings, token_timestamps, segment_timestamps;
};
struct SenseVoice {
    const char *model, *language;
    std::int32_t use_itn;
};
struct Moonshine {
    const char *preprocessor, *encoder, *uncached_decoder, *cached_decoder, *merged_decoder;
};
struct Canary {
    const char *encoder, *decoder, *source_language, *target_language;
    std::int32_t use_punctuation;
};
struct FunAsrNano {
    const char *encoder_adaptor, *llm, *embedding, *tokenizer, *system_prompt, *user_prompt;
    std::int32_t max_new_tokens;
    float temperature, top_p;
    std::int32_t seed;
    const char* language;
    std::int32_t use_itn;
    const char* hotwords;
};
struct Qwen3 {
    const char *front_end, *encoder, *decoder, *tokenizer;
    std::int32_t max_total_length, max_new_tokens;
    float temperature, top_p;
    std::int32_t seed;
    const char* hotwords;
};
struct Cohere {
    const char *encoder, *decoder, *language;
    std::int32_t use_punctuation, use_itn;
};

struct OfflineConfig {
    Features features;
    Transducer transducer;
    OneModel paraformer, nemo_ctc;
    Whisper whisper;
    OneModel tdnn;
    const char* tokens;
    std::int32_t num_threads, debug;
    const char *provider, *model_type, *modeling_unit, *bpe_vocab, *telespeech_ctc;
    SenseVoice sense_voice;
    Moonshine moonshine;
    EncoderDecoder fire_red;
    OneModel dolphin, zipformer_ctc;
    Canary canary;
    OneModel wenet_ctc, omnilingual, medasr;
    FunAsrNano fun_asr_nano;
    OneModel fire_red_ctc;
    Qwen3 qwen3;
    Cohere cohere;
    struct {
        const char* model;
        float scale;
    } language_model;
    const char* decoding_method;
    std::int32_t max_active_paths;
    const char* hotwords_file;
    float hotwords_score;
    const char *rule_fsts, *rule_fars;
    float blank_penalty;
    HomophoneReplacer homophones;
};
static_assert(sizeof(OfflineConfig) == 608);
static_assert(offsetof(OfflineConfig, tokens) == 104);
static_assert(offsetof(OfflineConfig, sense_voice) == 160);
static_assert(offsetof(OfflineConfig, decoding_method) == 528);

struct OfflineResult {
    const char* text;
    const float* timestamps;  // seconds; null when the model has none
    std::int32_t count;
    const char* token_block;
    const char* const* tokens;  // null without tokens
    const char *json, *language, *emotion, *event;
    const float *durations, *log_probabilities;  // seconds and natural logarithms; may be null
    const float *segment_timestamps, *segment_durations;
    const char* segment_text_block;
    const char* const* segment_texts;
    std::int32_t segment_count;
};
static_assert(sizeof(OfflineResult) == 128);

struct PunctuationConfig {
    const char* ct_transformer;
    std::int32_t num_threads, debug;
    const char* provider;
};
static_assert(sizeof(PunctuationConfig) == 24);

struct DiarizationConfig {
    struct {
        const char* pyannote;
        float window_shift_ratio;  // in (0,1]; 0.1 by default
        std::int32_t num_threads, debug;
        const char* provider;
    } segmentation;
    struct {
        const char* model;
        std::int32_t num_threads, debug;
        const char* provider;
    } embedding;
    struct {
        std::int32_t num_clusters;  // -1 = not known
        float threshold;
        std::int32_t compute_confidence;
    } clustering;
    float min_duration_on, min_duration_off;  // seconds
};
static_assert(sizeof(DiarizationConfig) == 80);
static_assert(offsetof(DiarizationConfig, embedding) == 32);
static_assert(offsetof(DiarizationConfig, clustering) == 56);

struct DiarizationSegment {
    float start, end;  // seconds
    std::int32_t speaker;
    float confidence;
};
static_assert(sizeof(DiarizationSegment) == 16);

struct Punctuation;
struct Diarization;
struct DiarizationResult;
struct OnlineRecognizer;
struct OnlineStream;
struct OfflineRecognizer;
struct OfflineStream;

// Every function may throw a C++ exception of the library's own, which derives from
// std::exception; some faults end the process instead.
struct Api {
    const char* (*version)();
    const void* (*onnx_runtime)();  // OrtGetApiBase of the ONNX Runtime beneath; may be null

    const OnlineRecognizer* (*create_online_recognizer)(const OnlineConfig*);
    void (*destroy_online_recognizer)(const OnlineRecognizer*);
    const OnlineStream* (*create_online_stream)(const OnlineRecognizer*);
    // Phrases between slashes (hotwords.h); transducers with modified_beam_search only.
    const OnlineStream* (*create_online_stream_with)(const OnlineRecognizer*, const char* hotwords);
    void (*destroy_online_stream)(const OnlineStream*);
    void (*online_accept)(const OnlineStream*, std::int32_t rate, const float*, std::int32_t n);
    void (*online_input_finished)(const OnlineStream*);
    std::int32_t (*online_is_ready)(const OnlineRecognizer*, const OnlineStream*);
    void (*online_decode)(const OnlineRecognizer*, const OnlineStream**, std::int32_t n);
    const OnlineResult* (*online_result)(const OnlineRecognizer*, const OnlineStream*);
    void (*destroy_online_result)(const OnlineResult*);

    const OfflineRecognizer* (*create_offline_recognizer)(const OfflineConfig*);
    void (*destroy_offline_recognizer)(const OfflineRecognizer*);
    const OfflineStream* (*create_offline_stream)(const OfflineRecognizer*);
    const OfflineStream* (*create_offline_stream_with)(const OfflineRecognizer*,
                                                       const char* hotwords);
    void (*destroy_offline_stream)(const OfflineStream*);
    void (*offline_accept)(const OfflineStream*, std::int32_t rate, const float*, std::int32_t n);
    void (*offline_decode)(const OfflineRecognizer*, const OfflineStream**, std::int32_t n);
    const OfflineResult* (*offline_result)(const OfflineStream*);
    void (*destroy_offline_result)(const OfflineResult*);

    const Punctuation* (*create_punctuation)(const PunctuationConfig*);
    void (*destroy_punctuation)(const Punctuation*);
    const char* (*add_punctuation)(const Punctuation*, const char* text);
    void (*free_punctuated)(const char*);

    const Diarization* (*create_diarization)(const DiarizationConfig*);
    void (*destroy_diarization)(const Diarization*);
    std::int32_t (*diarization_sample_rate)(const Diarization*);
    const DiarizationResult* (*diarize)(const Diarization*, const float*, std::int32_t n);
    void (*destroy_diarization_result)(const DiarizationResult*);
    std::int32_t (*count_diarization_segments)(const DiarizationResult*);
    const DiarizationSegment* (*diarization_segments)(const DiarizationResult*);
    void (*destroy_diarization_segments)(const DiarizationSegment*);

    // Once a process; the library stays loaded. An error names the file and what is wrong with it.
    static Result<const Api*> load(const std::filesystem::path& library);
};

// The library's file: `wanted` if it is not empty, else that of SHERPA_ONNX_LIBRARY, else lib/
// beside the executable, else where scripts/serve put the package.
std::filesystem::path library_path(const std::filesystem::path& wanted);

}  // namespace tutti::engine::sherpa
