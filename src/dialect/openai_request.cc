// SPDX-License-Identifier: Apache-2.0
#include "dialect/openai_request.h"

#include "dialect/hotwords.h"
#include "dialect/json_text.h"

#include <charconv>
#include <utility>

namespace tutti::dialect {
namespace {

constexpr std::pair<std::string_view, OpenAiFormat> kFormats[] = {
    {"json", OpenAiFormat::json},
    {"text", OpenAiFormat::text},
    {"srt", OpenAiFormat::srt},
    {"vtt", OpenAiFormat::vtt},
    {"verbose_json", OpenAiFormat::verbose_json},
    {"diarized_json", OpenAiFormat::diarized_json},
};

using MaybeError = std::optional<RequestError>;

Fields without_brackets(const Fields& form) {
    Fields out;
    for (const auto& [name, value] : form)
        out.add(name.ends_with("[]") ? name.substr(0, name.size() - 2) : name, value);
    return out;
}

MaybeError read_names(const Fields& form, OpenAiRequest& request) {
    auto model = model_field(form);
    if (!model) return model.error();
    if (model->empty()) return missing_parameter("model", "the name of a model is required");
    request.model = std::move(*model);
    auto language = language_field(form);
    if (!language) return language.error();
    request.language = std::move(*language);
    return std::nullopt;
}

MaybeError read_format(const Fields& form, OpenAiRequest& request) {
    const auto wanted = form.find("response_format");
    if (!wanted) return std::nullopt;
    for (const auto& [name, format] : kFormats) {
        if (name != *wanted) continue;
        request.format = format;
        return std::nullopt;
    }
    return bad_value("response_format", *wanted,
                     "must be json, text, srt, vtt, verbose_json or diarized_json");
}

MaybeError read_temperature(const Fields& form, OpenAiRequest& request) {
    const auto text = form.find("temperature");
    if (!text) return std::nullopt;
    const auto* const end = text->data() + text->size();
    const auto [stop, failure] = std::from_chars(text->data(), end, request.temperature);
    const bool is_number = failure == std::errc() && stop == end;
    // Written so that NaN is refused too.
    if (!is_number || !(request.temperature >= 0 && request.temperature <= 1))
        return bad_value("temperature", *text, "must be a number from 0 to 1");
    return std::nullopt;
}

MaybeError read_granularities(const Fields& form, OpenAiRequest& request) {
    const auto wanted = form.find_all("timestamp_granularities");
    request.names_granularities = !wanted.empty();
    if (!wanted.empty()) request.wants_segments = false;
    for (const auto granularity : wanted) {
        if (granularity == "word")
            request.wants_words = true;
        else if (granularity == "segment")
            request.wants_segments = true;
        else
            return bad_value("timestamp_granularities", granularity, "must be word or segment");
    }
    return std::nullopt;
}

MaybeError read_stream(const Fields& form, OpenAiRequest& request) {
    if (form.find("stream") == "null") return std::nullopt;
    const auto stream = bool_field(form, "stream", false);
    if (!stream) return stream.error();
    request.wants_stream = *stream;
    return std::nullopt;
}

// "auto", {"type":"server_vad",...}, or the object spelt as chunking_strategy[type]=server_vad.
// Files are always cut where speech pauses, so there is nothing to keep.
MaybeError check_chunking(const Fields& form) {
    const auto bracketed = form.find("chunking_strategy[type]");
    if (bracketed && *bracketed != "server_vad")
        return bad_value("chunking_strategy", *bracketed, "its type must be server_vad");
    const auto value = form.find("chunking_strategy");
    if (!value || *value == "auto" || *value == "null") return std::nullopt;
    const auto object = parse_json_object(*value);
    if (object && find_string(*object, "type") == "server_vad") return std::nullopt;
    return bad_value("chunking_strategy", *value, "must be auto or an object of type server_vad");
}

MaybeError read_hotwords(const Fields& form, OpenAiRequest& request) {
    auto hotwords = openai_hotwords(form);
    if (!hotwords) return hotwords.error();
    request.hotwords = std::move(*hotwords);
    return std::nullopt;
}

MaybeError read_include(const Fields& form, OpenAiRequest& request) {
    for (const auto extra : form.find_all("include")) {
        if (extra == "progress")
            request.wants_progress = true;
        else if (extra != "logprobs")
            return bad_value("include", extra, "must be logprobs or progress");
    }
    return std::nullopt;
}

}  // namespace

Parsed<OpenAiRequest> parse_openai_transcription(const Fields& raw_form, FilePart file) {
    if (file == FilePart::missing)
        return missing_parameter("file", "a file part of this name is required");
    const auto form = without_brackets(raw_form);
    OpenAiRequest request;
    for (const auto read : {read_names, read_format, read_temperature, read_granularities,
                            read_stream, read_include, read_hotwords})
        if (auto bad = read(form, request)) return *bad;
    if (auto bad = check_chunking(form)) return *bad;
    return request;
}

}  // namespace tutti::dialect
