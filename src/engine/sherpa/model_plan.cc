// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/model_plan.h"

#include "base/log.h"
#include "engine/sherpa/onnx_metadata.h"
#include "engine/sherpa/token_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdlib>
#include <optional>

namespace tutti::engine::sherpa {
namespace {

namespace fs = std::filesystem;
using models::Kind;
using models::ModelCard;
using proto::Millis;
using Names = std::vector<std::string_view>;

// A stream's last words come out when this much more than one window follows.
constexpr Millis kBeyondWindow{300};
constexpr Millis kFrame{10};
// Whisper hears 30 s, of which the library needs half a second at the end; the rest it drops. Other
// models take whatever an utterance may hold.
constexpr Millis kWhisperClip{29000};
constexpr Millis kAnyClip = std::chrono::minutes(10);
// Longer than speakers pause within a sentence, and than the models lag behind.
constexpr Millis kAfterWords{1500};

struct Family {
    Kind kind;
    std::string_view name;
    Names files;                        // that it must have, beside tokens
    Names optional_files;               // beside rule_fsts and rule_fars
    Names options;                      // beside those every model knows
    std::string_view metadata_of = {};  // the file that must say...
    Names metadata = {};                // ...these
    // The frames of one window: a key of that file's metadata, or what it is when that is missing.
    std::string_view window_key = {};
    int window = 50;
    bool needs_blank = false;
};

const Family kFamilies[] = {
    {Kind::asr_streaming,
     "transducer",
     {"encoder", "decoder", "joiner"},
     {"hotwords", "bpe_vocab"},
     {"decoding_method", "max_active_paths", "blank_penalty", "hotwords_score", "modeling_unit",
      "model_type", "tail_padding_ms", "after_words_ms"},
     "encoder",
     {},
     "T",
     71},
    {Kind::asr_streaming,
     "paraformer",
     {"encoder", "decoder"},
     {},
     {"tail_padding_ms", "after_words_ms"},
     "encoder",
     {},
     {},
     61},
    {Kind::asr_streaming,
     "zipformer2_ctc",
     {"model"},
     {},
     {"tail_padding_ms", "after_words_ms"},
     "model",
     {},
     "T",
     71,
     true},
    {Kind::asr_streaming,
     "nemo_ctc",
     {"model"},
     {},
     {"tail_padding_ms", "after_words_ms"},
     "model",
     {"window_size", "chunk_shift", "subsampling_factor", "vocab_size", "cache_last_channel_dim1",
      "cache_last_channel_dim2", "cache_last_channel_dim3", "cache_last_time_dim1",
      "cache_last_time_dim2", "cache_last_time_dim3"},
     "window_size",
     0,
     true},
    {Kind::asr_offline,
     "transducer",
     {"encoder", "decoder", "joiner"},
     {"hotwords", "bpe_vocab"},
     {"decoding_method", "max_active_paths", "blank_penalty", "hotwords_score", "modeling_unit",
      "model_type", "longest_clip_ms"}},
    {Kind::asr_offline, "paraformer", {"model"}, {}, {"longest_clip_ms"}},
    {Kind::asr_offline, "sense_voice", {"model"}, {}, {"language", "use_itn", "longest_clip_ms"}},
    {Kind::asr_offline,
     "whisper",
     {"encoder", "decoder"},
     {},
     {"language", "task", "longest_clip_ms"}},
    {Kind::asr_offline,
     "moonshine",
     {"encoder"},
     {"preprocessor", "uncached_decoder", "cached_decoder", "merged_decoder"},
     {"longest_clip_ms"}},
    {Kind::asr_offline,
     "nemo_ctc",
     {"model"},
     {},
     {"longest_clip_ms"},
     "model",
     {"vocab_size", "subsampling_factor"},
     {},
     0,
     true},
    {Kind::asr_offline, "zipformer_ctc", {"model"}, {}, {"longest_clip_ms"}, {}, {}, {}, 0, true},
    {Kind::punctuation, "ct_transformer", {"model"}, {}, {}, "model", {"vocab_size"}},
    {Kind::diarization,
     "pyannote",
     {"segmentation", "embedding"},
     {},
     {"window_shift_ratio", "num_speakers", "clustering_threshold", "min_duration_on",
      "min_duration_off"},
     "segmentation",
     {"num_speakers", "powerset_max_classes", "num_classes", "sample_rate", "window_size",
      "receptive_field_size", "receptive_field_shift"}},
};

constexpr Millis kLongestTail{10000};

struct OptionRule {
    std::string_view name;
    bool is_common;  // every model knows it
    Names choices;   // empty = a number, or any text where least > most
    double least = 0, most = 0;
};

const OptionRule kOptions[] = {
    {"family", true, {}, 1, 0},
    {"num_threads", true, {}, 1, 64},
    {"provider", true, {"cpu", "cuda"}},
    {"lower_case", true, {"true", "false"}},
    {"decoding_method", false, {"greedy_search", "modified_beam_search"}},
    {"max_active_paths", false, {}, 1, 100},
    {"blank_penalty", false, {}, 0, 100},
    {"hotwords_score", false, {}, 0.001, 100},
    {"modeling_unit", false, {"cjkchar", "bpe", "cjkchar+bpe"}},
    {"model_type", false, {}, 1, 0},
    {"language", false, {}, 1, 0},
    {"task", false, {"transcribe", "translate"}},
    {"use_itn", false, {"true", "false"}},
    {"punctuates", true, {"true", "false"}},
    {"window_shift_ratio", false, {}, 0.05, 1},
    {"num_speakers", false, {}, 1, 100},
    {"clustering_threshold", false, {}, 0.01, 2},
    {"min_duration_on", false, {}, 0.01, 10},
    {"min_duration_off", false, {}, 0.01, 10},
    {"tail_padding_ms", false, {}, 1, static_cast<double>(kLongestTail.count())},
    {"after_words_ms", false, {}, 0, 30000},
    {"longest_clip_ms", false, {}, 1000, static_cast<double>(kAnyClip.count())},
};

bool has(const Names& names, std::string_view name) {
    return std::ranges::find(names, name) != names.end();
}

std::optional<double> number_of(const std::string& text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

Error bad(const ModelCard& card, std::string_view why) {
    return Error(Errc::bad_config, fmt::format("model {}: {}", card.id, why));
}

std::string family_names(Kind kind) {
    std::string names;
    for (const auto& family : kFamilies)
        if (family.kind == kind)
            names += fmt::format("{}{}", names.empty() ? "" : ", ", family.name);
    return names;
}

Result<const Family*> find_family(const ModelCard& card) {
    if (card.backend != "sherpa")
        return bad(card, fmt::format("is for the backend {}, not for sherpa", card.backend));
    if (std::ranges::find(kFamilies, card.kind, &Family::kind) == std::end(kFamilies))
        return bad(card, fmt::format("kind {} is not for sherpa", models::name_of(card.kind)));
    const auto named = card.options.find("family");
    const auto* found = named == card.options.end()
                            ? std::end(kFamilies)
                            : std::ranges::find_if(kFamilies, [&](const Family& family) {
                                  return family.kind == card.kind && family.name == named->second;
                              });
    if (found != std::end(kFamilies)) return found;
    return bad(card, fmt::format("options.family must be one of {} for kind {}",
                                 family_names(card.kind), models::name_of(card.kind)));
}

Result<void> check_option(const ModelCard& card, const Family& family, const std::string& name,
                          const std::string& value) {
    const auto* rule = std::ranges::find(kOptions, name, &OptionRule::name);
    if (rule == std::end(kOptions) || (!rule->is_common && !has(family.options, name)))
        return bad(card, fmt::format("options.{} is not known to family {}", log::printable(name),
                                     family.name));
    if (!rule->choices.empty()) {
        if (has(rule->choices, value)) return {};
        return bad(card, fmt::format("options.{} must be one of {}", name,
                                     fmt::join(rule->choices, ", ")));
    }
    if (rule->least > rule->most) return {};
    const auto number = number_of(value);
    if (number && *number >= rule->least && *number <= rule->most) return {};
    return bad(card, fmt::format("options.{} must be a number from {} to {}", name, rule->least,
                                 rule->most));
}

Result<void> check_roles(const ModelCard& card, const Family& family) {
    auto needed = family.files;
    if (models::recognises_speech(family.kind)) needed.push_back("tokens");
    if (family.name == "moonshine" &&
        std::ranges::find(card.files, "merged_decoder", &models::ModelFile::role) ==
            card.files.end())
        needed.insert(needed.end(), {"preprocessor", "uncached_decoder", "cached_decoder"});
    for (const auto& role : needed)
        if (auto path = models::path_of(card, {}, role); !path) return path.error();
    for (const auto& file : card.files)
        if (!has(needed, file.role) && !has(family.optional_files, file.role) &&
            file.role != "rule_fsts" && file.role != "rule_fars")
            return bad(card, fmt::format("family {} has no use for a file '{}'", family.name,
                                         log::printable(file.role)));
    return {};
}

Result<void> check_hotwords(const ModelCard& card, const ModelPlan& plan) {
    if (!plan.files.contains("hotwords")) return {};
    const auto method = plan.options.find("decoding_method");
    if (method != plan.options.end() && method->second == "modified_beam_search") return {};
    return bad(card, "hotwords need options.decoding_method = \"modified_beam_search\"");
}

bool is_onnx(const std::string& path) {
    return path.ends_with(".onnx");
}

Result<Metadata> read_metadata(const ModelCard& card, const Family& family, const ModelPlan& plan) {
    Metadata metadata;
    for (const auto& [role, path] : plan.files) {
        if (!is_onnx(path)) continue;
        auto read = read_onnx_metadata(path);
        if (!read) return read.error();
        if (role == family.metadata_of) metadata = std::move(*read);
    }
    for (const auto key : family.metadata)
        if (const auto found = metadata.find(std::string(key));
            found == metadata.end() || !number_of(found->second))
            return bad(card, fmt::format("the metadata of file '{}' lacks the number {}",
                                         family.metadata_of, key));
    return metadata;
}

// Without its vocabulary the library would not survive a hotword of these units.
void take_hotwords(ModelPlan& plan, std::set<std::string> symbols) {
    const auto option = [&](const char* name, std::string_view otherwise) {
        const auto found = plan.options.find(name);
        return found == plan.options.end() ? std::string(otherwise) : found->second;
    };
    const bool is_characters = option("modeling_unit", "cjkchar") == "cjkchar";
    plan.takes_hotwords = plan.family == "transducer" &&
                          option("decoding_method", "") == "modified_beam_search" &&
                          (is_characters || plan.files.contains("bpe_vocab"));
    if (plan.takes_hotwords && is_characters) plan.symbols = std::move(symbols);
}

Result<void> check_tokens(const ModelCard& card, const Family& family, ModelPlan& plan,
                          const Metadata& metadata) {
    if (!models::recognises_speech(plan.kind)) return {};
    auto tokens = load_tokens(plan.files.at("tokens"));
    if (!tokens) return tokens.error();
    take_hotwords(plan, std::move(tokens->symbols));
    if (family.needs_blank && !tokens->has_blank)
        return bad(card, "tokens: has no <blk>, <eps> or <blank>");
    const auto found = metadata.find("vocab_size");
    if (family.name != "nemo_ctc" || found == metadata.end()) return {};
    // NeMo does not count the blank, which has the last id.
    const auto size = number_of(found->second).value_or(0);
    for (int id = 0; id <= size; ++id)
        if (!tokens->ids.contains(id))
            return bad(card, fmt::format("tokens: has no token {}, but the model does", id));
    return {};
}

// An option, which was checked; nothing when the card has it not.
std::optional<Millis> millis_of(const ModelPlan& plan, const char* option) {
    const auto set = plan.options.find(option);
    if (set == plan.options.end()) return std::nullopt;
    return Millis(static_cast<int>(number_of(set->second).value_or(0)));
}

Millis tail_of(const ModelPlan& plan, const Family& family, const Metadata& metadata) {
    if (const auto set = millis_of(plan, "tail_padding_ms")) return *set;
    const auto key = metadata.find(std::string(family.window_key));
    const auto told = key == metadata.end() ? std::nullopt : number_of(key->second);
    const int window = told ? static_cast<int>(std::clamp(*told, 0., 1000.)) : family.window;
    return std::min(window * kFrame + kBeyondWindow, kLongestTail);
}

Millis longest_clip_of(const ModelPlan& plan) {
    const auto most = plan.family == "whisper" ? kWhisperClip : kAnyClip;
    return std::min(most, millis_of(plan, "longest_clip_ms").value_or(most));
}

}  // namespace

Result<ModelPlan> plan_model(const fs::path& folder) {
    const auto card = models::load_card(folder);
    if (!card) return card.error();
    const auto family = find_family(*card);
    if (!family) return family.error();
    if (card->sample_rate != proto::kSampleRate)
        return bad(*card, fmt::format("sample_rate {}: models of 16000 only", card->sample_rate));
    for (const auto& [name, value] : card->options)
        if (auto done = check_option(*card, **family, name, value); !done) return done.error();
    if (auto done = check_roles(*card, **family); !done) return done.error();
    if (auto done = models::check_files(*card, folder); !done) return done.error();
    ModelPlan plan{.id = card->id,
                   .kind = card->kind,
                   .family = std::string((*family)->name),
                   .options = card->options};
    for (const auto& file : card->files) plan.files[file.role] = (folder / file.path).string();
    plan.style = plan.family == "paraformer" ? TokenStyle::words : TokenStyle::pieces;
    if (const auto set = plan.options.find("provider"); set != plan.options.end())
        plan.provider = set->second;
    const auto lower = plan.options.find("lower_case");
    plan.is_lower_case = lower != plan.options.end() && lower->second == "true";
    if (auto done = check_hotwords(*card, plan); !done) return done.error();
    const auto metadata = read_metadata(*card, **family, plan);
    if (!metadata) return metadata.error();
    if (auto done = check_tokens(*card, **family, plan, *metadata); !done) return done.error();
    plan.longest_clip = longest_clip_of(plan);
    if (plan.kind == Kind::asr_streaming)
        plan.after_words = millis_of(plan, "after_words_ms").value_or(kAfterWords);
    plan.tail = tail_of(plan, **family, *metadata);
    return plan;
}

}  // namespace tutti::engine::sherpa
