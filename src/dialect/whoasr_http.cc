// SPDX-License-Identifier: Apache-2.0
#include "dialect/whoasr_http.h"

#include "dialect/detail_body.h"
#include "dialect/header_value.h"
#include "dialect/iso_time.h"
#include "dialect/json_text.h"

#include <algorithm>
#include <cmath>
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
    json::object out{{"text", utterance.text},
                     {"start", start.count()},
                     {"end", end.count()},
                     {"timestamp", pairs_of(words)}};
    if (utterance.speaker != proto::kNoSpeaker) out["spk"] = utterance.speaker;
    return out;
}

json::object result_json(const proto::Transcript& transcript,
                         const std::vector<proto::Utterance>& parts, std::string_view key) {
    json::array pairs, sentences;
    for (const auto& part : parts) {
        if (part.text.empty()) continue;
        for (auto& pair : pairs_of(part.words)) pairs.push_back(std::move(pair));
        sentences.push_back(sentence_json(part));
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

std::string whoasr_body(const proto::Transcript& transcript,
                        const std::vector<proto::Utterance>& sentences,
                        const WhoasrUpload& upload) {
    json::array results;
    results.push_back(result_json(transcript, sentences, upload.key));
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
    json::object system{{"memory_total_gb", known(health.memory_total_gb)},
                        {"memory_available_gb", known(health.memory_available_gb)},
                        {"memory_usage_percent", known(health.memory_usage_percent)},
                        {"cpu_usage_percent", known(health.cpu_usage_percent)}};
    json::object api_info{{"version", "1.0.0"},
                          {"title", "Tutti"},
                          {"docs", "/docs"},
                          {"websocket", "/ws/{client_id}"}};
    return to_text(json::object{{"status", "healthy"},
                                {"timestamp", iso_time(health.now, Fraction::microseconds)},
                                {"services", whoasr_services(health.models)},
                                {"total_loaded", count_loaded(health.models)},
                                {"system", std::move(system)},
                                {"api_info", std::move(api_info)}});
}

}  // namespace tutti::dialect
