// SPDX-License-Identifier: Apache-2.0
#include "dialect/whoasr_http.h"

#include "dialect/detail_body.h"
#include "dialect/header_value.h"
#include "dialect/iso_time.h"
#include "dialect/json_text.h"

#include <algorithm>
#include <cmath>
#include <initializer_list>
#include <limits>

namespace tutti::dialect {
namespace {

constexpr std::string_view kSuffixes[] = {".wav", ".mp3", ".m4a", ".flac", ".ogg"};

bool has_audio_suffix(std::string_view filename) {
    return std::ranges::any_of(kSuffixes, [&](std::string_view suffix) {
        return filename.size() >= suffix.size() &&
               equals_ignoring_case(filename.substr(filename.size() - suffix.size()), suffix);
    });
}

json::array pairs_of(const std::vector<proto::Word>& words) {
    json::array out;
    for (const auto& word : words) out.push_back(json::array{word.start.count(), word.end.count()});
    return out;
}

json::object sentence_json(const proto::Utterance& utterance) {
    const auto& words = utterance.words;
    const auto start = words.empty() ? utterance.start : words.front().start;
    const auto end = words.empty() ? utterance.end : words.back().end;
    return {{"text", utterance.text},
            {"start", start.count()},
            {"end", end.count()},
            {"timestamp", pairs_of(words)},
            {"spk", 0}};
}

json::object result_json(const proto::Transcript& transcript, std::string_view key) {
    json::array pairs, sentences;
    for (const auto& utterance : transcript.utterances) {
        if (utterance.text.empty()) continue;
        for (auto& pair : pairs_of(utterance.words)) pairs.push_back(std::move(pair));
        sentences.push_back(sentence_json(utterance));
    }
    json::object out{{"key", key}, {"text", transcript.text()}, {"timestamp", std::move(pairs)}};
    // Silence has no sentences, and upstream leaves the key out then.
    if (!sentences.empty()) out["sentence_info"] = std::move(sentences);
    return out;
}

json::value known(const std::optional<double>& number) {
    if (!number || !std::isfinite(*number)) return "unknown";
    return std::round(*number * 100) / 100;
}

struct Service {
    std::string_view type;
    std::string_view display_name;
    std::string_view description;
    std::initializer_list<std::string_view> formats;
    std::string_view endpoint;  // empty = not served
};

const Service kServices[] = {
    {"streaming_asr",
     "流式语音识别",
     "Live recognition",
     {"wav", "mp3", "flac", "ogg"},
     "/ws/{client_id}"},
    {"offline_asr",
     "离线语音识别",
     "File recognition",
     {"wav", "mp3", "mpeg", "m4a", "flac", "ogg"},
     "/offline/recognize"},
    {"punctuation", "标点符号添加", "Punctuation", {"text/plain"}, ""},
    {"vad",
     "语音端点检测",
     "Voice activity detection",
     {"wav", "mp3", "m4a", "flac", "ogg"},
     "/vad/detect"},
    {"timestamp",
     "时间戳预测",
     "Alignment of text and audio",
     {"wav", "mp3", "m4a", "flac", "ogg"},
     "/timestamp/predict"},
};

json::object service_json(const Service& service, bool is_loaded) {
    json::array endpoints;
    if (!service.endpoint.empty()) endpoints.emplace_back(service.endpoint);
    return {{"loaded", is_loaded},
            {"display_name", service.display_name},
            {"description", service.description},
            {"auto_load", false},
            {"supported_formats", json::array(service.formats.begin(), service.formats.end())},
            {"api_endpoints", std::move(endpoints)}};
}

}  // namespace

std::optional<RequestError> check_whoasr_form(const Fields& form,
                                              const std::optional<std::string>& filename) {
    if (!filename) return missing_parameter("file", "a file part of this name is required");
    for (const auto name : {"batch_size_s", "batch_size_threshold_s"}) {
        const auto size = int_field(
            form, name, {std::numeric_limits<int>::min(), std::numeric_limits<int>::max()});
        if (!size) return size.error();
    }
    return check_whoasr_audio("file", filename);
}

std::optional<RequestError> check_whoasr_audio(std::string_view param,
                                               const std::optional<std::string>& filename) {
    if (!filename) return missing_parameter(param, "a file part of this name is required");
    if (has_audio_suffix(*filename)) return std::nullopt;
    return RequestError{
        {Errc::bad_request, "Unsupported file format; send .wav, .mp3, .m4a, .flac or .ogg"},
        std::string(param),
        *filename};
}

std::string whoasr_body(const proto::Transcript& transcript, const WhoasrUpload& upload) {
    json::array results;
    results.push_back(result_json(transcript, upload.key));
    return to_text(json::object{{"success", true},
                                {"results", std::move(results)},
                                {"message", "Recognition completed successfully"},
                                {"file_name", upload.filename},
                                {"file_size", upload.size}});
}

std::string whoasr_failure_body(const Error& failure) {
    return detail_body({{failure.code, "Failed to recognize audio: " + failure.message()}, {}, {}});
}

std::string whoasr_health_body(const WhoasrHealth& health) {
    json::object services;
    for (const auto& service : kServices) {
        const bool is_loaded = (service.type == "streaming_asr" && health.is_streaming_loaded) ||
                               (service.type == "offline_asr" && health.is_offline_loaded) ||
                               (service.type == "timestamp" && health.is_timestamp_loaded) ||
                               (service.type == "vad" && health.is_vad_loaded);
        services[service.type] = service_json(service, is_loaded);
    }
    json::object system{{"memory_total_gb", known(health.memory_total_gb)},
                        {"memory_available_gb", known(health.memory_available_gb)},
                        {"memory_usage_percent", known(health.memory_usage_percent)},
                        {"cpu_usage_percent", known(health.cpu_usage_percent)}};
    json::object api_info{{"version", "1.0.0"},
                          {"title", "Tutti"},
                          {"docs", "/docs"},
                          {"websocket", "/ws/{client_id}"}};
    return to_text(json::object{
        {"status", "healthy"},
        {"timestamp", iso_time(health.now, Fraction::microseconds)},
        {"services", std::move(services)},
        {"total_loaded", int{health.is_streaming_loaded} + int{health.is_offline_loaded} +
                             int{health.is_timestamp_loaded} + int{health.is_vad_loaded}},
        {"system", std::move(system)},
        {"api_info", std::move(api_info)}});
}

}  // namespace tutti::dialect
