// SPDX-License-Identifier: Apache-2.0
#include "dialect/deepgram_live.h"

#include "dialect/deepgram_json.h"
#include "dialect/error_map.h"
#include "dialect/iso_time.h"
#include "dialect/utf8.h"

#include <algorithm>

namespace tutti::dialect {
namespace {

// One channel: whatever was sent has been mixed down.
json::array channel_pair() {
    return {0, 1};
}

std::string_view code_word_of(Errc cause) {
    switch (cause) {
        case Errc::undecodable_audio:
            return "DATA-0000";
        case Errc::bad_request:
        case Errc::bad_parameter:
        case Errc::too_large:
        case Errc::too_long:
            return "DATA-0001";
        case Errc::client_idle:
            return "NET-0001";
        default:
            return "NET-0000";
    }
}

SendText send(json::object object) {
    return {to_text(std::move(object))};
}

}  // namespace

DeepgramLive::DeepgramLive(DeepgramRequest request, DeepgramSession session)
    : request_(std::move(request)),
      session_(std::move(session)),
      window_start_(session_.told_up_to) {
}

std::vector<Command> DeepgramLive::on_message(MessageKind kind, std::string_view payload) {
    if (!reads_) return {};
    return kind == MessageKind::binary ? on_audio(payload) : on_control(payload);
}

std::vector<Command> DeepgramLive::on_event(const Event& event) {
    if (is_closed_) return {};
    return std::visit([this](const auto& e) { return on(e); }, event);
}

std::vector<Command> DeepgramLive::on_audio(std::string_view bytes) {
    if (bytes.empty()) return begin_end();
    return {PushAudio{bytes}};
}

std::vector<Command> DeepgramLive::on_control(std::string_view text) {
    const auto object = parse_json_object(text);
    const auto type = object ? find_string(*object, "type") : std::nullopt;
    if (!type)
        return close(close_code_of(Errc::bad_request),
                     "DATA-0001 a text message must be a JSON object with a string type");
    if (*type == "CloseStream") return begin_end();
    if (*type == "Finalize") return {Flush{}};
    return {};
}

std::vector<Command> DeepgramLive::begin_end() {
    reads_ = false;
    return {Finish{}};
}

std::vector<Command> DeepgramLive::close(std::uint16_t code, std::string_view reason) {
    static constexpr std::size_t kLongestReason = 123;
    reads_ = false;
    is_closed_ = true;
    return {Close{code, std::string(utf8_prefix(to_valid_utf8(reason), kLongestReason))}};
}

std::vector<Command> DeepgramLive::on(const SpeechStarted& event) {
    if (!request_.wants_speech_started) return {};
    return {send({{"type", "SpeechStarted"},
                  {"channel", channel_pair()},
                  {"timestamp", to_seconds(event.at)}})};
}

std::vector<Command> DeepgramLive::on(const Partial& event) {
    if (!request_.live.wants_partials) return {};
    const auto end = std::max(event.audio_end, proto::heard_until(event.utterance));
    const auto start = std::max(window_start_, event.begins);
    return {send(results({event.utterance, start, end, false, false, false}))};
}

std::vector<Command> DeepgramLive::on(const Final& event) {
    const bool is_speech_final =
        event.cause == Final::Cause::endpoint && request_.wants_speech_final;
    const auto end = std::max(window_start_, proto::heard_until(event.utterance));
    auto message = results({event.utterance, window_start_, end, true, is_speech_final,
                            event.cause == Final::Cause::flush});
    window_start_ = end;
    message["segment"] = event.segment;
    message["offset"] = event.offset;
    if (!event.resume_token.empty()) message["resume_token"] = event.resume_token;
    return {send(std::move(message))};
}

std::vector<Command> DeepgramLive::on(const UtteranceEnd& event) {
    return {send({{"type", "UtteranceEnd"},
                  {"channel", channel_pair()},
                  {"last_word_end", to_seconds(event.last_word_end)}})};
}

std::vector<Command> DeepgramLive::on(const ResumePoint& event) {
    return {send({{"type", "ResumePoint"},
                  {"stream_id", session_.stream_id},
                  {"segment", event.segment},
                  {"offset", event.offset},
                  {"resume_token", event.token},
                  {"window", event.window.count()}})};
}

std::vector<Command> DeepgramLive::on(const Flushed&) {
    return {};
}

std::vector<Command> DeepgramLive::on(const Finished& event) {
    auto metadata = send({{"type", "Metadata"},
                          {"transaction_key", "deprecated"},
                          {"request_id", session_.request_id},
                          {"sha256", event.sha256_hex},
                          {"created", iso_time(session_.created, Fraction::milliseconds)},
                          {"duration", to_seconds(event.audio_duration)},
                          {"channels", event.audio_duration > Millis(0) ? 1 : 0}});
    auto commands = close(close_code_of(Errc::ok), "");
    commands.insert(commands.begin(), std::move(metadata));
    return commands;
}

std::vector<Command> DeepgramLive::on(const Failed& event) {
    const auto cause = event.error.errc();
    return close(close_code_of(cause),
                 std::string(code_word_of(cause)) + ' ' + event.error.message());
}

json::object DeepgramLive::results(const Window& window) const {
    const auto duration = std::max(Millis(0), window.end - window.start);
    const bool is_formatted = request_.formats_words;
    json::object alternative{{"transcript", deepgram_text(window.utterance.text, is_formatted)},
                             {"confidence", to_confidence(window.utterance.confidence)},
                             {"words", deepgram_words(window.utterance.words, is_formatted)}};
    if (!window.utterance.language.empty())
        alternative["languages"] = json::array{window.utterance.language};
    json::object metadata{{"request_id", session_.request_id},
                          {"model_info", deepgram_model_info(session_.model)},
                          {"model_uuid", deepgram_model_uuid(session_.model)}};
    json::array alternatives;
    alternatives.push_back(std::move(alternative));
    return {{"type", "Results"},
            {"channel_index", channel_pair()},
            {"duration", to_seconds(duration)},
            {"start", to_seconds(window.start)},
            {"is_final", window.is_final},
            {"speech_final", window.is_speech_final},
            {"from_finalize", window.is_from_finalize},
            {"channel", {{"alternatives", std::move(alternatives)}}},
            {"metadata", std::move(metadata)}};
}

}  // namespace tutti::dialect
