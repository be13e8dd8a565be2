// SPDX-License-Identifier: Apache-2.0
// Deepgram's WebSocket at /v1/listen: binary audio and JSON control in, Results and Metadata out.
//
// 1. Windows are contiguous: each begins where the last final one ended. An utterance of ours is
//    one window; its partials are interim Results of the same start.
// 2. speech_final is true only when silence ended the utterance and the client did not ask for
//    endpointing=false; from_finalize only when the client's Finalize ended it.
// 3. Finished is answered by Metadata and close 1000: clients reconnect on any other code.
// 4. A text frame that is not a JSON object with a string "type" closes with 1008 DATA-0001; an
//    unknown type is ignored. After a close or a CloseStream nothing more is read.
// 5. Ours are "segment" and "offset" of final Results, which clients of Deepgram ignore. Only who
//    asked for it gets "resume_token" there, and messages of the type "ResumePoint": some SDKs end
//    a stream at a type that they do not know.
#pragma once

#include "dialect/deepgram_request.h"
#include "dialect/json_text.h"
#include "dialect/live.h"

#include <chrono>
#include <string>

namespace tutti::dialect {

struct DeepgramSession {
    std::string request_id;  // the same as in the header dg-request-id
    std::string model;       // the one that serves, never empty
    std::chrono::system_clock::time_point created;
    std::string stream_id = {};  // the same over all connections of the stream
    Millis told_up_to{};         // where its last final ended, told on an earlier connection
};

class DeepgramLive final : public LiveDialect {
  public:
    DeepgramLive(DeepgramRequest request, DeepgramSession session);

    const LiveSettings& settings() const override { return request_.live; }
    std::vector<Command> on_message(MessageKind kind, std::string_view payload) override;
    std::vector<Command> on_event(const Event& event) override;

  private:
    struct Window {
        const proto::Utterance& utterance;
        Millis start;  // of the audio covered
        Millis end;
        bool is_final;
        bool is_speech_final;
        bool is_from_finalize;
    };

    std::vector<Command> on_audio(std::string_view bytes);
    std::vector<Command> on_control(std::string_view text);
    std::vector<Command> begin_end();
    std::vector<Command> close(std::uint16_t code, std::string_view reason);
    std::vector<Command> on(const SpeechStarted& event);
    std::vector<Command> on(const Partial& event);
    std::vector<Command> on(const Final& event);
    std::vector<Command> on(const UtteranceEnd& event);
    std::vector<Command> on(const ResumePoint& event);
    std::vector<Command> on(const Flushed& event);
    std::vector<Command> on(const Finished& event);
    std::vector<Command> on(const Failed& event);
    json::object results(const Window& window) const;

    DeepgramRequest request_;
    DeepgramSession session_;
    Millis window_start_{};
    bool reads_ = true;
    bool is_closed_ = false;
};

}  // namespace tutti::dialect
