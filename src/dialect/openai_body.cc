// SPDX-License-Identifier: Apache-2.0
#include "dialect/openai_body.h"

#include "dialect/error_map.h"
#include "dialect/json_text.h"
#include "dialect/language_names.h"
#include "dialect/subtitles.h"

#include <algorithm>
#include <cmath>

namespace tutti::dialect {
namespace {

constexpr std::string_view kJson = "application/json";
constexpr std::string_view kPlain = "text/plain; charset=utf-8";

json::object usage_json(const proto::Transcript& transcript) {
    return {{"type", "duration"}, {"seconds", to_seconds(transcript.duration)}};
}

double mean_logprob(const std::vector<proto::Word>& words) {
    static constexpr double kLeast = 1e-4;
    if (words.empty()) return 0;
    double sum = 0;
    for (const auto& word : words)
        sum += std::log(std::max(to_confidence(word.confidence), kLeast));
    return std::round(sum / static_cast<double>(words.size()) * 1e4) / 1e4;
}

json::object segment_json(const proto::Utterance& utterance, std::size_t id, double temperature) {
    // Whisper counts its position in frames of 10 ms.
    static constexpr int kSeekUnitMs = 10;
    return {{"id", id},
            {"seek", utterance.start.count() / kSeekUnitMs},
            {"start", to_seconds(utterance.start)},
            {"end", to_seconds(utterance.end)},
            {"text", utterance.text},
            {"tokens", json::array()},
            {"temperature", temperature},
            {"avg_logprob", mean_logprob(utterance.words)},
            {"compression_ratio", 1.0},
            {"no_speech_prob", 0.0}};
}

json::array segments_json(const proto::Transcript& transcript, double temperature) {
    json::array out;
    for (const auto& utterance : transcript.utterances)
        if (!utterance.text.empty())
            out.push_back(segment_json(utterance, out.size(), temperature));
    return out;
}

json::array words_json(const proto::Transcript& transcript) {
    json::array out;
    for (const auto& utterance : transcript.utterances)
        for (const auto& word : utterance.words)
            out.push_back({{"word", word.text},
                           {"start", to_seconds(word.start)},
                           {"end", to_seconds(word.end)}});
    return out;
}

void add_granularities(json::object& out, const proto::Transcript& transcript,
                       const OpenAiRequest& request) {
    if (request.wants_segments) out["segments"] = segments_json(transcript, request.temperature);
    if (request.wants_words) out["words"] = words_json(transcript);
}

std::string verbose_json(const proto::Transcript& transcript, const OpenAiRequest& request) {
    json::object out{{"task", "transcribe"},
                     {"language", english_name_of(transcript.heard_language())},
                     {"duration", to_seconds(transcript.duration)},
                     {"text", transcript.text()}};
    add_granularities(out, transcript, request);
    out["usage"] = usage_json(transcript);
    return to_text(out);
}

// "A" to "Z", then "AA".
std::string speaker_name(std::int32_t speaker) {
    std::string name;
    for (auto rest = std::max(speaker, 0) + 1; rest > 0; rest = (rest - 1) / 26)
        name.insert(name.begin(), static_cast<char>('A' + (rest - 1) % 26));
    return name;
}

json::array speaker_segments(const proto::Transcript& transcript) {
    json::array out;
    for (const auto& utterance : transcript.utterances) {
        if (utterance.text.empty()) continue;
        out.push_back({{"type", "transcript.text.segment"},
                       {"id", "seg_" + std::to_string(out.size())},
                       {"start", to_seconds(utterance.start)},
                       {"end", to_seconds(utterance.end)},
                       {"text", utterance.text},
                       {"speaker", speaker_name(utterance.speaker)}});
    }
    return out;
}

std::string diarized_json(const proto::Transcript& transcript) {
    return to_text(json::object{{"task", "transcribe"},
                                {"duration", to_seconds(transcript.duration)},
                                {"text", transcript.text()},
                                {"segments", speaker_segments(transcript)},
                                {"usage", usage_json(transcript)}});
}

json::object model_json(const ModelCard& model) {
    return {{"id", model.id},
            {"object", "model"},
            {"created", model.created},
            {"owned_by", model.owned_by},
            {"kind", model.kind},
            {"state", model.state},
            {"languages", json::array(model.languages.begin(), model.languages.end())},
            {"aliases", json::array(model.aliases.begin(), model.aliases.end())}};
}

std::string_view error_type_of(Errc cause) {
    return http_status_of(cause, Protocol::openai) < 500 ? "invalid_request_error" : "server_error";
}

std::string_view error_code_of(const RequestError& error) {
    const auto cause = error.error.errc();
    if (cause == Errc::unknown_model) return "model_not_found";
    if (cause == Errc::bad_parameter)
        return error.value ? "invalid_value" : "missing_required_parameter";
    return name_of(cause);
}

json::object error_json(const RequestError& error) {
    json::object inner{{"message", error.error.message()},
                       {"type", error_type_of(error.error.errc())}};
    inner["param"] = error.param.empty() ? json::value(nullptr) : json::value(error.param);
    inner["code"] = error_code_of(error);
    return inner;
}

std::string event(const json::object& data) {
    return "data: " + to_text(data) + "\n\n";
}

std::string delta_event(std::string_view delta) {
    return event({{"type", "transcript.text.delta"}, {"delta", delta}});
}

}  // namespace

RenderedBody openai_body(const proto::Transcript& transcript, const OpenAiRequest& request) {
    switch (request.format) {
        case OpenAiFormat::json:
            break;
        case OpenAiFormat::text:
            return {kPlain, transcript.text()};
        case OpenAiFormat::srt:
            return {kPlain, render_srt(transcript)};
        case OpenAiFormat::vtt:
            return {kPlain, render_vtt(transcript)};
        case OpenAiFormat::verbose_json:
            return {kJson, verbose_json(transcript, request)};
        case OpenAiFormat::diarized_json:
            return {kJson, diarized_json(transcript)};
    }
    return {kJson,
            to_text(json::object{{"text", transcript.text()}, {"usage", usage_json(transcript)}})};
}

std::string openai_models_body(const std::vector<ModelCard>& models) {
    json::array data;
    for (const auto& model : models) data.push_back(model_json(model));
    return to_text(json::object{{"object", "list"}, {"data", std::move(data)}});
}

std::string openai_model_body(const ModelCard& model) {
    return to_text(model_json(model));
}

std::string openai_error_body(const RequestError& error) {
    return to_text(json::object{{"error", error_json(error)}});
}

std::string OpenAiStream::on_utterance(const proto::Utterance& utterance) {
    if (utterance.text.empty()) return {};
    const auto delta = (text_.empty() ? "" : " ") + utterance.text;
    text_ += delta;
    return delta_event(delta);
}

std::string OpenAiStream::on_progress(const proto::Progress& progress) const {
    return event({{"type", "tutti.progress"},
                  {"recognised", to_seconds(progress.recognised)},
                  {"decoded", to_seconds(progress.decoded)},
                  {"duration", to_seconds(progress.duration)}});
}

std::string OpenAiStream::finish(const proto::Transcript& transcript,
                                 const OpenAiRequest& request) {
    json::object last{{"type", "transcript.text.done"}, {"text", text_}};
    if (request.names_granularities) {
        last["language"] = english_name_of(transcript.heard_language());
        last["duration"] = to_seconds(transcript.duration);
        add_granularities(last, transcript, request);
    }
    std::string events = text_.empty() ? delta_event("") : "";
    if (request.format == OpenAiFormat::diarized_json)
        for (const auto& segment : speaker_segments(transcript))
            events += event(segment.as_object());
    return events + event(last);
}

std::string OpenAiStream::fail(const RequestError& error) const {
    return event({{"type", "error"}, {"error", error_json(error)}});
}

}  // namespace tutti::dialect
