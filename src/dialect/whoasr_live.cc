// SPDX-License-Identifier: Apache-2.0
#include "dialect/whoasr_live.h"

#include "dialect/base64.h"
#include "dialect/error_map.h"
#include "dialect/json_text.h"
#include "dialect/utf8.h"

namespace tutti::dialect {
namespace {

// The page keeps its socket open between recordings and sends nothing on it.
constexpr Millis kIdleLimit = std::chrono::hours(1);

// Stops whose flush is not answered yet; more is a client that floods.
constexpr std::size_t kMaxStops = 16;

SendText status(std::string_view message) {
    return {to_text(json::object{{"type", "status"}, {"message", message}})};
}

SendText error(std::string_view message) {
    return {to_text(json::object{{"type", "error"}, {"message", message}})};
}

SendText connection_error(std::string_view why) {
    return error("Connection error: " + std::string(why));
}

bool is_blank(std::string_view text) {
    return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

bool ends_connection(Errc cause) {
    return cause == Errc::client_idle || cause == Errc::client_gone || cause == Errc::canceled;
}

std::string failure_text(const Error& failure) {
    switch (failure.errc()) {
        case Errc::unknown_model:
        case Errc::unavailable:
        case Errc::busy:
            return "Streaming ASR model not loaded: " + failure.message();
        default:
            return "Processing error: " + failure.message();
    }
}

}  // namespace

WhoasrLive::WhoasrLive() {
    settings_.format = audio::AudioFormat{audio::Encoding::float32, 16000, 1};
    settings_.idle_limit = kIdleLimit;
}

std::vector<Command> WhoasrLive::on_message(MessageKind kind, std::string_view payload) {
    if (kind == MessageKind::binary)
        return {connection_error("messages must be text, audio included")};
    const auto message = parse_json_object(payload);
    if (!message) return {connection_error("a message must be one JSON object")};
    const auto type = find_string(*message, "type");
    if (!type) return {connection_error("a message needs a string 'type'")};
    if (*type == "audio_chunk") return on_chunk(*message);
    if (*type == "start_recording") return on_start();
    if (*type == "stop_recording") return on_stop();
    static constexpr std::size_t kShown = 100;
    return {error("Unknown message type: " + std::string(utf8_prefix(*type, kShown)))};
}

std::vector<Command> WhoasrLive::on_event(const Event& event) {
    return std::visit([this](const auto& e) { return on(e); }, event);
}

std::vector<Command> WhoasrLive::on_start() {
    is_recording_ = true;
    if (!stops_.empty()) {
        // Begin would discard the text of the cycle that is still being finished.
        ++stops_.back();
        return {};
    }
    has_sent_text_ = false;
    return {Begin{}, status("Recording started")};
}

std::vector<Command> WhoasrLive::on_chunk(const json::object& message) {
    if (!is_recording_) return {};
    const auto data = find_string(message, "data");
    if (!data) return {connection_error("an audio_chunk needs a string 'data'")};
    auto bytes = decode_base64(*data);
    if (!bytes) return {error("Processing error: the audio of this chunk is not valid base64")};
    if (bytes->empty()) return {};
    static constexpr std::size_t kSampleBytes = 4;
    bytes->resize((bytes->size() + kSampleBytes - 1) / kSampleBytes * kSampleBytes);
    return {PushOwnedAudio{std::move(*bytes)}};
}

std::vector<Command> WhoasrLive::on_stop() {
    if (!is_recording_ && stops_.empty()) return {status("Recording stopped")};
    if (stops_.size() >= kMaxStops)
        return {error("Connection error: too many recordings at once"),
                Close{close_code_of(Errc::bad_request), "too many recordings at once"}};
    is_recording_ = false;
    stops_.push_back(0);
    return {Flush{}};
}

std::vector<Command> WhoasrLive::on(const Final& event) {
    if (is_blank(event.utterance.text)) return {};
    const auto text = (has_sent_text_ ? " " : "") + event.utterance.text;
    has_sent_text_ = true;
    return {SendText{to_text(json::object{{"type", "recognition_result"},
                                          {"text", text},
                                          {"is_final", event.cause == Final::Cause::flush}})}};
}

std::vector<Command> WhoasrLive::on(const Flushed&) {
    if (stops_.empty()) return {};
    std::vector<Command> commands{status("Recording stopped")};
    for (int starts = stops_.front(); starts > 0; --starts)
        commands.push_back(status("Recording started"));
    stops_.pop_front();
    has_sent_text_ = false;
    return commands;
}

std::vector<Command> WhoasrLive::on(const Failed& event) {
    std::vector<Command> commands{error(failure_text(event.error))};
    for (; !stops_.empty(); stops_.pop_front()) commands.push_back(status("Recording stopped"));
    is_recording_ = false;
    const auto cause = event.error.errc();
    if (ends_connection(cause))
        commands.push_back(Close{close_code_of(cause), std::string(name_of(cause))});
    return commands;
}

}  // namespace tutti::dialect
