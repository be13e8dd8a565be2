// SPDX-License-Identifier: Apache-2.0
#include "dialect/whoasr_vad.h"

#include "dialect/base64.h"
#include "dialect/detail_body.h"
#include "dialect/error_map.h"
#include "dialect/json_text.h"

#include <algorithm>

namespace tutti::dialect {
namespace {

constexpr Millis kIdleLimit = std::chrono::hours(1);
constexpr std::size_t kMaxStops = 16;
constexpr std::size_t kSampleBytes = 4;
constexpr std::int64_t kOpen = -1;

SendText status(std::string_view message) {
    return {to_text(json::object{{"type", "status"}, {"message", message}})};
}

SendText error(std::string_view why) {
    return {to_text(
        json::object{{"type", "error"}, {"message", "VAD processing error: " + std::string(why)}})};
}

bool ends_connection(Errc cause) {
    return cause == Errc::client_idle || cause == Errc::client_gone || cause == Errc::canceled;
}

}  // namespace

RequestError whoasr_vad_not_loaded(std::string_view model, proto::ModelState state) {
    const auto how = model.empty() ? "Serve one, as by: tutti serve --models en-us,silero"
                                   : whoasr_how_to_load(WhoasrType::vad, model, state);
    return {{Errc::unavailable, "VAD model not loaded. " + how}, {}, {}};
}

std::string whoasr_vad_body(const proto::Transcript& speech, const WhoasrUpload& upload) {
    std::vector<std::pair<Millis, Millis>> spans;
    for (const auto& utterance : speech.utterances) {
        if (!spans.empty() && utterance.start <= spans.back().second)
            spans.back().second = std::max(spans.back().second, utterance.end);
        else
            spans.emplace_back(utterance.start, utterance.end);
    }
    json::array segments;
    for (const auto& [start, end] : spans)
        segments.push_back(json::array{start.count(), end.count()});
    return to_text(json::object{{"success", true},
                                {"message", "VAD detection completed successfully"},
                                {"segments", std::move(segments)},
                                {"file_name", upload.filename},
                                {"file_size", upload.size}});
}

std::string whoasr_vad_failure_body(const Error& failure) {
    return detail_body({{failure.code, "VAD processing failed: " + failure.message()}, {}, {}});
}

WhoasrVadLive::WhoasrVadLive() {
    settings_.format = audio::AudioFormat{audio::Encoding::float32, 16000, 1};
    settings_.idle_limit = kIdleLimit;
}

std::vector<Command> WhoasrVadLive::on_message(MessageKind kind, std::string_view payload) {
    if (kind == MessageKind::binary) return {error("messages must be text, audio included")};
    const auto message = parse_json_object(payload);
    if (!message) return {error("a message must be one JSON object")};
    const auto type = find_string(*message, "type");
    if (!type) return {};
    if (*type == "audio_chunk") return on_chunk(*message);
    if (*type == "start_vad") return on_start();
    if (*type == "stop_vad") return on_stop();
    if (*type == "ping") return {SendText{to_text(json::object{{"type", "pong"}})}};
    return {};
}

std::vector<Command> WhoasrVadLive::on_event(const Event& event) {
    return std::visit([this](const auto& e) { return on(e); }, event);
}

std::vector<Command> WhoasrVadLive::on_start() {
    if (!stops_.empty()) {
        // Begin would discard what the stop before it still has to tell.
        ++stops_.back().starts;
        stops_.back().origin = position();
        return {};
    }
    origin_ = position();
    forget_speech();
    return {Begin{}, status("VAD started")};
}

std::vector<Command> WhoasrVadLive::on_chunk(const json::object& message) {
    const auto data = find_string(message, "data");
    if (!data) return {error("an audio_chunk needs a string 'data'")};
    auto bytes = decode_base64(*data);
    if (!bytes) return {error("the audio of this chunk is not valid base64")};
    if (bytes->empty()) return {};
    bytes->resize((bytes->size() + kSampleBytes - 1) / kSampleBytes * kSampleBytes);
    pushed_ += static_cast<proto::SamplePos>(bytes->size() / kSampleBytes);
    return {PushOwnedAudio{std::move(*bytes)}};
}

std::vector<Command> WhoasrVadLive::on_stop() {
    if (stops_.size() >= kMaxStops)
        return {error("too many cycles at once"),
                Close{close_code_of(Errc::bad_request), "too many cycles at once"}};
    stops_.push_back({});
    return {Flush{}};
}

std::int64_t WhoasrVadLive::since_start(Millis time) const {
    return std::max(time - origin_, Millis(0)).count();
}

SendText WhoasrVadLive::result(std::int64_t begin, std::int64_t end, bool is_final) const {
    return {to_text(json::object{{"type", "vad_result"},
                                 {"segments", json::array{json::array{begin, end}}},
                                 {"is_final", is_final}})};
}

void WhoasrVadLive::forget_speech() {
    is_speaking_ = false;
    cut_at_.reset();
    waiting_.clear();
}

void WhoasrVadLive::start_next(std::vector<Command>& commands) {
    is_speaking_ = true;
    commands.push_back(result(since_start(waiting_.front()), kOpen, false));
    waiting_.pop_front();
}

std::vector<Command> WhoasrVadLive::on(const SpeechStarted& event) {
    waiting_.push_back(event.at);
    std::vector<Command> commands;
    if (!is_speaking_) start_next(commands);
    return commands;
}

std::vector<Command> WhoasrVadLive::on(const Final& event) {
    std::vector<Command> commands;
    const auto& [start, end] = std::pair(event.utterance.start, event.utterance.end);
    // Nothing followed the cut: this is what waits.
    if (cut_at_ && !waiting_.empty() && end > waiting_.front()) {
        commands.push_back(result(kOpen, since_start(*cut_at_), false));
        start_next(commands);
    }
    cut_at_.reset();
    if (event.cause == Final::Cause::length) {
        cut_at_ = end;
        if (!is_speaking_) commands.push_back(result(since_start(start), kOpen, false));
        is_speaking_ = true;
        return commands;
    }
    const bool is_final = event.cause != Final::Cause::endpoint;
    if (is_speaking_)
        commands.push_back(result(kOpen, since_start(end), is_final));
    else if (end > start)
        commands.push_back(result(since_start(start), since_start(end), is_final));
    is_speaking_ = false;
    if (!waiting_.empty()) start_next(commands);
    return commands;
}

std::vector<Command> WhoasrVadLive::on(const Flushed&) {
    std::vector<Command> commands;
    if (is_speaking_ && cut_at_) commands.push_back(result(kOpen, since_start(*cut_at_), true));
    forget_speech();
    if (stops_.empty()) return commands;
    commands.push_back(status("VAD stopped"));
    const auto stop = stops_.front();
    stops_.pop_front();
    if (stop.starts > 0) origin_ = stop.origin;
    for (int n = stop.starts; n > 0; --n) commands.push_back(status("VAD started"));
    return commands;
}

std::vector<Command> WhoasrVadLive::on(const Failed& event) {
    std::vector<Command> commands{error(event.error.message())};
    for (; !stops_.empty(); stops_.pop_front()) commands.push_back(status("VAD stopped"));
    forget_speech();
    const auto cause = event.error.errc();
    if (ends_connection(cause))
        commands.push_back(Close{close_code_of(cause), std::string(name_of(cause))});
    return commands;
}

}  // namespace tutti::dialect
