// SPDX-License-Identifier: Apache-2.0
#include "dialect/deepgram_request.h"

#include "dialect/header_value.h"
#include "dialect/hotwords.h"
#include "dialect/json_text.h"

#include <boost/json/parse.hpp>

#include <algorithm>
#include <array>

namespace tutti::dialect {
namespace {

constexpr int kMaxEndpointingMs = 60000;
constexpr Millis kIdleLimit{10000};

constexpr std::array<std::string_view, 5> kUnsupportedEncodings = {"linear32", "amr-nb", "amr-wb",
                                                                   "speex", "g729"};
// Named by clients although the bytes say it themselves.
constexpr std::array<std::string_view, 12> kContainers = {"opus", "ogg-opus", "ogg",  "flac",
                                                          "webm", "wav",      "mp3",  "mp4",
                                                          "m4a",  "aac",      "mpeg", "pcm-wav"};

// The SDK's generated client sends some values as JSON: "nova-3" with its quotes.
Fields without_json_quotes(const Fields& query) {
    Fields out;
    for (const auto& [name, value] : query) {
        json::error_code failure;
        const bool is_quoted = value.size() >= 2 && value.front() == '"' && value.back() == '"';
        const auto parsed = is_quoted ? json::parse(value, failure) : json::value();
        if (const auto* text = parsed.if_string())
            out.add(name, std::string(std::string_view(*text)));
        else
            out.add(name, value);
    }
    return out;
}

std::optional<audio::Encoding> raw_encoding(std::string_view name) {
    if (name == "linear16") return audio::Encoding::linear16;
    if (name == "mulaw") return audio::Encoding::mulaw;
    if (name == "alaw") return audio::Encoding::alaw;
    return std::nullopt;
}

Parsed<std::optional<audio::AudioFormat>> parse_format(const Fields& query) {
    const auto name = query.find("encoding");
    if (!name || std::ranges::find(kContainers, *name) != kContainers.end())
        return std::optional<audio::AudioFormat>();
    const auto encoding = raw_encoding(*name);
    if (!encoding && std::ranges::find(kUnsupportedEncodings, *name) != kUnsupportedEncodings.end())
        return bad_value("encoding", *name,
                         "is not supported here; send linear16, mulaw, alaw or a container");
    if (!encoding)
        return bad_value("encoding", *name,
                         "must be linear16, mulaw, alaw or absent for audio in a container");
    const auto rate =
        int_field(query, "sample_rate", {audio::kMinSampleRate, audio::kMaxSampleRate});
    if (!rate) return rate.error();
    if (!*rate)
        return missing_parameter("sample_rate", "is required with encoding=" + std::string(*name));
    const auto channels = int_field(query, "channels", {1, audio::kMaxChannels});
    if (!channels) return channels.error();
    return std::optional(audio::AudioFormat{*encoding, **rate, channels->value_or(1)});
}

// Reads the flags named by (field, target) pairs; the first bad one is the result.
struct Flag {
    std::string_view name;
    bool* target;
};
std::optional<RequestError> read_flags(const Fields& query, std::initializer_list<Flag> flags) {
    for (const auto& flag : flags) {
        const auto value = bool_field(query, flag.name, *flag.target);
        if (!value) return value.error();
        *flag.target = *value;
    }
    return std::nullopt;
}

Parsed<DeepgramRequest> parse_common(const Fields& query) {
    if (const auto callback = query.find("callback"))
        return bad_value("callback", *callback, "is not supported here; read the answer instead");
    DeepgramRequest request;
    bool punctuate = false, smart_format = false;
    if (auto bad = read_flags(query, {{"punctuate", &punctuate}, {"smart_format", &smart_format}}))
        return *bad;
    request.formats_words = request.live.wants_marks = punctuate || smart_format;
    request.wants_paragraphs = smart_format;
    auto model = model_field(query);
    if (!model) return model.error();
    request.live.model = std::move(*model);
    auto language = language_field(query);
    if (!language) return language.error();
    // "multi" asks for whatever languages the model knows, which is what naming none does here.
    if (*language != "multi") request.live.language = std::move(*language);
    auto format = parse_format(query);
    if (!format) return format.error();
    request.live.format = *format;
    auto hotwords = deepgram_hotwords(query);
    if (!hotwords) return hotwords.error();
    request.live.hotwords = std::move(*hotwords);
    return request;
}

std::optional<RequestError> read_endpointing(const Fields& query, DeepgramRequest& request) {
    const auto value = query.find("endpointing");
    if (!value || equals_ignoring_case(*value, "true")) return std::nullopt;
    if (equals_ignoring_case(*value, "false")) {
        request.wants_speech_final = false;
        return std::nullopt;
    }
    const auto silence = int_field(query, "endpointing", {0, kMaxEndpointingMs});
    if (!silence)
        return bad_value("endpointing", *value,
                         "must be true, false or milliseconds from 0 to 60000");
    request.live.endpoint_silence = Millis(**silence);
    return std::nullopt;
}

std::optional<RequestError> read_utterance_end(const Fields& query, DeepgramRequest& request) {
    const auto gap = int_field(query, "utterance_end_ms", {1000, 5000});
    if (!gap) return gap.error();
    if (!*gap) return std::nullopt;
    if (!request.live.wants_partials)
        return bad_value("utterance_end_ms", *query.find("utterance_end_ms"),
                         "needs interim_results=true");
    request.live.utterance_end = Millis(**gap);
    return std::nullopt;
}

RequestError no_multichannel() {
    return bad_value("multichannel", "true",
                     "is not supported yet; leave it out to have the channels mixed");
}

// Each with its length, so that no two queries look alike.
std::string options_of(const Fields& query) {
    std::vector<std::string> items;
    for (const auto& [name, value] : query)
        items.push_back(std::to_string(name.size()) + ' ' + name + '=' + value);
    std::ranges::stable_sort(items);
    std::string text;
    for (const auto& item : items) text += std::to_string(item.size()) + ' ' + item;
    return text;
}

bool is_scheme(std::string_view word) {
    return equals_ignoring_case(word, "token") || equals_ignoring_case(word, "bearer");
}

}  // namespace

Parsed<DeepgramRequest> parse_deepgram_live(const Fields& raw_query) {
    const auto query = without_json_quotes(raw_query);
    auto request = parse_common(query);
    if (!request) return request;
    bool is_multichannel = false;
    if (auto bad = read_flags(query, {{"interim_results", &request->live.wants_partials},
                                      {"vad_events", &request->wants_speech_started},
                                      {"resume", &request->live.wants_resume_points},
                                      {"multichannel", &is_multichannel}}))
        return *bad;
    if (is_multichannel && request->live.format && request->live.format->channels > 1)
        return no_multichannel();
    if (request->live.wants_resume_points && !request->live.format)
        return bad_value("resume", "true",
                         "needs raw audio (encoding and sample_rate): a container cannot be taken "
                         "up in its middle");
    if (auto bad = read_endpointing(query, *request)) return *bad;
    if (auto bad = read_utterance_end(query, *request)) return *bad;
    request->live.idle_limit = kIdleLimit;
    request->options = options_of(raw_query);
    return request;
}

Parsed<DeepgramRequest> parse_deepgram_file(const Fields& raw_query) {
    const auto query = without_json_quotes(raw_query);
    auto request = parse_common(query);
    if (!request) return request;
    bool is_multichannel = false;
    if (auto bad = read_flags(query, {{"utterances", &request->wants_utterances},
                                      {"paragraphs", &request->wants_paragraphs},
                                      {"diarize", &request->wants_speakers},
                                      {"multichannel", &is_multichannel}}))
        return *bad;
    // A file does not say beforehand how many channels it has.
    if (is_multichannel) return no_multichannel();
    if (const auto wanted = query.find("diarize_model"))
        request->wants_speakers = !equals_ignoring_case(*wanted, "false");
    // Or it names the languages to choose from.
    if (const auto wanted = query.find("detect_language"))
        request->detects_language = !equals_ignoring_case(*wanted, "false");
    for (const auto tag : query.find_all("tag")) request->tags.emplace_back(tag);
    return request;
}

bool announces_deepgram_url(std::string_view content_type) {
    return equals_ignoring_case(main_value(content_type), "application/json");
}

RequestError refuse_deepgram_url(std::string_view body) {
    const auto object = parse_json_object(body);
    if (!object) return {{Errc::bad_request, "the body is not a JSON object"}, {}, {}};
    if (!find_string(*object, "url"))
        return {{Errc::bad_request, "the JSON body names no url; send the audio itself"}, {}, {}};
    return {{Errc::bad_request,
             "url input is not enabled on this server; send the audio as the request body"},
            "url",
            {}};
}

std::optional<DeepgramCredential> find_deepgram_credential(const HttpRequest& request) {
    const auto authorization = trimmed(request.header("Authorization"));
    const auto space = authorization.find(' ');
    if (space != std::string_view::npos && is_scheme(authorization.substr(0, space)))
        return DeepgramCredential{trimmed(authorization.substr(space)), {}};
    const auto& offered = request.subprotocols;
    for (std::size_t i = 0; i + 1 < offered.size(); i += 2)
        if (is_scheme(offered[i])) return DeepgramCredential{offered[i + 1], offered[i]};
    return std::nullopt;
}

std::optional<std::string_view> find_resume_token(const HttpRequest& request) {
    const auto header = trimmed(request.header(kResumeHeader));
    if (!header.empty()) return header;
    const auto& offered = request.subprotocols;
    const auto name = std::ranges::find(offered, kResumeProtocol);
    if (name == offered.end() || name + 1 == offered.end()) return std::nullopt;
    return *(name + 1);
}

std::string_view deepgram_subprotocol(const HttpRequest& request) {
    if (const auto credential = find_deepgram_credential(request);
        credential && !credential->subprotocol.empty())
        return credential->subprotocol;
    const auto& offered = request.subprotocols;
    return std::ranges::find(offered, kResumeProtocol) == offered.end() ? std::string_view()
                                                                        : kResumeProtocol;
}

}  // namespace tutti::dialect
