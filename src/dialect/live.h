// SPDX-License-Identifier: Apache-2.0
// What a live client protocol is to the rest of the house: a translator, without I/O, between the
// frames of one WebSocket and the commands and events of a recognition session.
//
//   on_message(frame) -> commands      what the client asks for
//   on_event(event)   -> commands      what the client is to be told
//
// One object a connection, used on the gateway's loop. Frames are already whole messages, valid
// UTF-8 when text, and within the size limit. A dialect never throws for anything a client sends:
// a bad frame becomes SendText of the protocol's own error or Close.
//
// Times in events are on the stream's clock, which starts at 0 with the stream's first audio and
// never goes back, whatever Begin, Flush, replays or further connections happen.
#pragma once

#include "audio/sample_format.h"
#include "base/error.h"
#include "proto/transcript.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace tutti::dialect {

using proto::Millis;

// Fixed when the connection is accepted, read from the upgrade request.
struct LiveSettings {
    std::string model;     // as the client named it; empty = the server's default
    std::string language;  // BCP 47; empty = the model's own
    // Encoding and rate of PushAudio; nullopt = a container (WebM, Ogg, WAV...) to be detected.
    std::optional<audio::AudioFormat> format;
    bool wants_partials = false;
    // Silence that ends an utterance; nullopt = the server's default. The server never goes below
    // its own minimum.
    std::optional<Millis> endpoint_silence;
    std::vector<std::string> hotwords = {};  // within proto::fits_hotwords()
    bool wants_marks = false;                // punctuation, if a model that makes it is served
    // Emit UtteranceEnd after a gap this long behind the last final word; zero = never.
    Millis utterance_end{};
    // The client wants to be told where it may go on after its connection broke.
    bool wants_resume_points = false;
    // Failed(client_idle) after this long without any message; zero = the server's default.
    Millis idle_limit{};
};

// --- what the session shell does ---------------------------------------------------------------

struct SendText {
    std::string text;
};
// Audio in the connection's format (LiveSettings::format); a view into the message given.
struct PushAudio {
    std::string_view bytes;
};
// Same, but bytes the dialect had to make (base64).
struct PushOwnedAudio {
    std::string bytes;
};
// Recognition begins (again): audio pushed before is forgotten, a running utterance is discarded.
struct Begin {};
// Finish the running utterance now; answered by Final*, then Flushed.
struct Flush {};
// No more audio will come; answered by Final*, then Finished.
struct Finish {};
struct Close {
    std::uint16_t code = 1000;
    std::string reason;
};
using Command = std::variant<SendText, PushAudio, PushOwnedAudio, Begin, Flush, Finish, Close>;

// --- what the session shell tells --------------------------------------------------------------

struct SpeechStarted {
    Millis at{};
};
// The running utterance as far as it is heard; replaced by the next Partial or the Final.
struct Partial {
    proto::Utterance utterance;
    Millis audio_end{};  // audio recognised so far
    Millis begins{};     // the end of the finals before it, which may be told later
};
struct Final {
    enum class Cause { endpoint, flush, finish, length };
    proto::Utterance utterance;  // may have no words (noise)
    Cause cause = Cause::endpoint;
    std::uint32_t segment = 0;  // its number in the stream, from 0
    // All audio before it has been told: samples of one channel at the client's rate, from the
    // beginning of the stream (of a container, at 16 kHz).
    std::int64_t offset = 0;
    std::string resume_token = {};  // to go on from there; empty = not to be told
};
// Where a client whose connection breaks now goes on.
struct ResumePoint {
    std::uint32_t segment = 0;  // of the next final
    std::int64_t offset = 0;    // as in Final
    std::string token;
    std::chrono::seconds window{};  // how long the token is good for
};
struct UtteranceEnd {
    Millis last_word_end{};
};
struct Flushed {};
// Everything was recognised after Finish.
struct Finished {
    Millis audio_duration{};
    std::string sha256_hex;  // of the bytes received
};
// Recognition cannot go on (engine gone too long, audio undecodable, client idle...). Unless the
// dialect answers with Close, the connection stays and a later Begin starts anew.
struct Failed {
    Error error;
};
using Event = std::variant<SpeechStarted, Partial, Final, UtteranceEnd, ResumePoint, Flushed,
                           Finished, Failed>;

enum class MessageKind { text, binary };

// Two real ones: deepgram_live.cc and whoasr_live.cc.
class LiveDialect {
  public:
    virtual ~LiveDialect() = default;
    virtual const LiveSettings& settings() const = 0;
    virtual std::vector<Command> on_message(MessageKind kind, std::string_view payload) = 0;
    virtual std::vector<Command> on_event(const Event& event) = 0;
};

}  // namespace tutti::dialect
