// SPDX-License-Identifier: Apache-2.0
// whoAsr's voice activity: the answers of POST /vad/detect, and the WebSocket at
// /vad/ws/{client_id}, which has audio as /ws/{client_id} has and tells where speech is.
//
// Times are whole milliseconds since the last start_vad, or since the connection began.
// 1. A start of speech is [beg,-1] and its end [-1,end]; [beg,end] tells both at once.
//    They alternate: a start that is known before the end before it waits for that.
// 2. "VAD stopped" follows the last result of its cycle; a start sent before that is confirmed
//    right after, and its audio is listened to meanwhile.
// 3. A message of unknown type is ignored without a word, as upstream does; one that cannot be read
//    is answered with an error, and the connection stays usable.
#pragma once

#include "dialect/live.h"
#include "dialect/request_error.h"
#include "dialect/whoasr_http.h"
#include "dialect/whoasr_models.h"

#include <boost/json/object.hpp>

#include <deque>

namespace tutti::dialect {

// How a handshake without a model of voice activity is answered.
inline constexpr unsigned kWhoasrVadRefused = 403;

// No model of voice activity can be used: none is served (`model` is empty), or this one is not
// there.
RequestError whoasr_vad_not_loaded(std::string_view model, proto::ModelState state);

// The utterances are where speech is; those that follow each other without a gap are one.
std::string whoasr_vad_body(const proto::Transcript& speech, const WhoasrUpload& upload);

std::string whoasr_vad_failure_body(const Error& failure);

class WhoasrVadLive final : public LiveDialect {
  public:
    WhoasrVadLive();

    const LiveSettings& settings() const override { return settings_; }
    std::vector<Command> on_message(MessageKind kind, std::string_view payload) override;
    std::vector<Command> on_event(const Event& event) override;

  private:
    // A stop whose flush is not answered yet.
    struct Stop {
        int starts = 0;   // that came after it
        Millis origin{};  // of the last of them
    };

    std::vector<Command> on_start();
    std::vector<Command> on_chunk(const boost::json::object& message);
    std::vector<Command> on_stop();
    std::vector<Command> on(const SpeechStarted& event);
    std::vector<Command> on(const Final& event);
    std::vector<Command> on(const Flushed& event);
    std::vector<Command> on(const Failed& event);
    template <class Other>
    std::vector<Command> on(const Other&) {
        return {};
    }

    Millis position() const { return proto::to_millis(pushed_); }
    std::int64_t since_start(Millis time) const;
    SendText result(std::int64_t begin, std::int64_t end, bool is_final) const;
    void forget_speech();
    // Tells the first that waits.
    void start_next(std::vector<Command>& commands);

    LiveSettings settings_;
    proto::SamplePos pushed_ = 0;
    Millis origin_{};           // where times count from, on the stream's clock
    bool is_speaking_ = false;  // a start was told, its end was not
    // Speech was cut here for its length alone; its end, unless more of it comes.
    std::optional<Millis> cut_at_;
    // Starts that came before the end of the speech before them, and are told after it.
    std::deque<Millis> waiting_;
    std::deque<Stop> stops_;
};

}  // namespace tutti::dialect
