// SPDX-License-Identifier: Apache-2.0
// whoAsr's WebSocket at /ws/{client_id}: JSON with base64 audio (32-bit float, 16 kHz, mono) in,
// text out in pieces that the page strings together.
//
// 1. A connection runs many cycles of start_recording ... stop_recording. Audio outside a cycle is
//    ignored without a word, as the page relies on.
// 2. Text is incremental and never revised: one message a final, with a leading space from the
//    second of a cycle on. Partials are not sent.
// 3. "Recording stopped" follows the last text of its cycle. A start sent before that loses
//    nothing: it is confirmed right after, and its audio is recognised meanwhile.
// 4. A bad message is answered with an error and the connection stays usable. After Failed the
//    cycle is over, and the next start_recording sends Begin to try again; only failures that end
//    the connection (idle client, shutdown) close it.
#pragma once

#include "dialect/live.h"

#include <boost/json/object.hpp>

#include <deque>
#include <string>

namespace tutti::dialect {

class WhoasrLive final : public LiveDialect {
  public:
    WhoasrLive();

    const LiveSettings& settings() const override { return settings_; }
    std::vector<Command> on_message(MessageKind kind, std::string_view payload) override;
    std::vector<Command> on_event(const Event& event) override;

  private:
    std::vector<Command> on_start();
    std::vector<Command> on_chunk(const boost::json::object& message);
    std::vector<Command> on_stop();
    std::vector<Command> on(const Final& event);
    std::vector<Command> on(const Flushed& event);
    std::vector<Command> on(const Failed& event);
    template <class Other>
    std::vector<Command> on(const Other&) {
        return {};
    }

    LiveSettings settings_;
    bool is_recording_ = false;
    bool has_sent_text_ = false;  // in the cycle whose finals are arriving
    // One element a Flush not yet answered: how many starts came after its stop.
    std::deque<int> stops_;
};

}  // namespace tutti::dialect
