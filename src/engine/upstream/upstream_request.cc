// SPDX-License-Identifier: Apache-2.0
#include "engine/upstream/upstream_request.h"

#include "base/ids.h"
#include "proto/transcript.h"

#include <boost/json.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <bit>

namespace tutti::engine {
namespace {

namespace json = boost::json;

constexpr std::size_t kLeastSamples = proto::kSampleRate / 5;

static_assert(std::endian::native == std::endian::little, "samples are sent as they lie");

void append_number(std::string& out, std::uint32_t value, int bytes) {
    for (int i = 0; i < bytes; ++i) out += static_cast<char>(value >> (8 * i) & 0xff);
}

class Multipart {
  public:
    Multipart() : boundary_("tutti-" + random_hex(16)) {}
    void add(std::string_view name, std::string_view value) {
        body_ += fmt::format("--{}\r\nContent-Disposition: form-data; name=\"{}\"\r\n\r\n{}\r\n",
                             boundary_, name, value);
    }
    void add_file(std::string_view bytes) {
        body_ += fmt::format(
            "--{}\r\nContent-Disposition: form-data; name=\"file\"; "
            "filename=\"audio.wav\"\r\nContent-Type: audio/wav\r\n\r\n",
            boundary_);
        body_ += bytes;
        body_ += "\r\n";
    }
    std::string type() const { return "multipart/form-data; boundary=" + boundary_; }
    std::string take() && { return std::move(body_) + "--" + boundary_ + "--\r\n"; }

  private:
    std::string boundary_;
    std::string body_;
};

std::string prompt_of(const UpstreamOptions& options, std::span<const std::string> hotwords) {
    if (hotwords.empty()) return options.prompt;
    const auto listed = fmt::format("{}", fmt::join(hotwords, ", "));
    if (options.api == UpstreamApi::chat)
        return fmt::format("{}\nThese words may occur: {}", options.prompt, listed);
    return options.prompt.empty() ? listed : fmt::format("{} {}", options.prompt, listed);
}

json::object inline_part(std::span<const std::int16_t> samples) {
    const json::object audio{{"data", encode_base64(wav_of(samples))}, {"format", "wav"}};
    return {{"type", "input_audio"}, {"input_audio", audio}};
}

json::object link_part(const UpstreamOptions& options, const std::string& link) {
    json::value address(link);
    if (options.audio_url_is_object) address = json::object{{"url", link}};
    return {{"type", "audio_url"}, {"audio_url", std::move(address)}};
}

std::string chat_body(const UpstreamOptions& options, const json::object& audio,
                      std::span<const std::string> hotwords) {
    const json::array parts{audio, {{"type", "text"}, {"text", prompt_of(options, hotwords)}}};
    json::object body{{"model", options.remote_model},
                      {"messages", json::array{{{"role", "user"}, {"content", parts}}}},
                      {"stream", false}};
    if (options.max_tokens > 0) body["max_tokens"] = options.max_tokens;
    return json::serialize(body);
}

// All but the audio.
Multipart form_of(const UpstreamOptions& options, std::span<const std::string> hotwords) {
    Multipart form;
    form.add("model", options.remote_model);
    form.add("response_format", options.words ? "verbose_json" : "json");
    if (options.words) form.add("timestamp_granularities[]", "word");
    if (!options.language.empty()) form.add("language", options.language);
    if (const auto prompt = prompt_of(options, hotwords); !prompt.empty())
        form.add("prompt", prompt);
    return form;
}

HttpRequest request_of(const UpstreamOptions& options, const std::string& key,
                       const std::string& type, std::string body) {
    HttpRequest request{
        .url = options.url, .headers = {"Accept: application/json"}, .body = std::move(body)};
    if (!key.empty()) request.headers.push_back("Authorization: Bearer " + key);
    request.headers.push_back("Content-Type: " + type);
    return request;
}

HttpRequest chat_request(const UpstreamOptions& options, const std::string& key,
                         const json::object& audio, std::span<const std::string> hotwords) {
    return request_of(options, key, "application/json", chat_body(options, audio, hotwords));
}

HttpRequest form_request(const UpstreamOptions& options, const std::string& key, Multipart form) {
    const auto type = form.type();
    return request_of(options, key, type, std::move(form).take());
}

}  // namespace

HttpRequest make_request(const UpstreamOptions& options, const std::string& key,
                         std::span<const std::int16_t> samples,
                         std::span<const std::string> hotwords) {
    if (options.api == UpstreamApi::chat)
        return chat_request(options, key, inline_part(samples), hotwords);
    auto form = form_of(options, hotwords);
    form.add_file(wav_of(samples));
    return form_request(options, key, std::move(form));
}

HttpRequest make_link_request(const UpstreamOptions& options, const std::string& key,
                              const std::string& link, std::span<const std::string> hotwords) {
    if (options.api == UpstreamApi::chat)
        return chat_request(options, key, link_part(options, link), hotwords);
    auto form = form_of(options, hotwords);
    form.add(options.audio_url_field, link);
    return form_request(options, key, std::move(form));
}

std::string wav_of(std::span<const std::int16_t> samples) {
    const auto padding = kLeastSamples - std::min(kLeastSamples, samples.size());
    const auto bytes = static_cast<std::uint32_t>((samples.size() + padding) * 2);
    constexpr std::uint32_t kRate = proto::kSampleRate;
    std::string out = "RIFF";
    append_number(out, 36 + bytes, 4);
    out += "WAVEfmt ";
    append_number(out, 16, 4);
    append_number(out, 1, 2);  // PCM
    append_number(out, 1, 2);  // channels
    append_number(out, kRate, 4);
    append_number(out, kRate * 2, 4);
    append_number(out, 2, 2);   // bytes a frame
    append_number(out, 16, 2);  // bits a sample
    out += "data";
    append_number(out, bytes, 4);
    out.append(reinterpret_cast<const char*>(samples.data()), samples.size() * 2);
    out.append(padding * 2, '\0');
    return out;
}

std::string encode_base64(std::string_view bytes) {
    constexpr std::string_view kDigits =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    out.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t at = 0; at < bytes.size(); at += 3) {
        const auto group = bytes.substr(at, 3);
        std::uint32_t bits = 0;
        for (std::size_t i = 0; i < 3; ++i)
            bits = bits << 8 | (i < group.size() ? static_cast<unsigned char>(group[i]) : 0u);
        for (std::size_t i = 0; i < 4; ++i)
            out += i <= group.size() ? kDigits[bits >> (18 - 6 * i) & 63] : '=';
    }
    return out;
}

}  // namespace tutti::engine
