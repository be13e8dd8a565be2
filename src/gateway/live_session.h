// SPDX-License-Identifier: Apache-2.0
// One WebSocket of a speaking client, from its acceptance to its close.
//
// The shell around two pure machines: the dialect turns frames into commands and events into
// frames, the session machine decides what the engine hears. This class moves the bytes: a reader
// (run), a writer, a watchdog and, for audio in containers, the decoder's output, all coroutines
// on the gateway's loop.
//
// live_session.cc has the connection, live_session_actions.cc what the machine asks for.
//
// 1. Only the writer writes; frames wait in the LiveOutbox.
// 2. The reader stops reading while the machine takes no audio: TCP slows the client down.
// 3. When run() returns nothing of the session is left at any engine.
#pragma once

#include "audio/resampler.h"
#include "audio/sample_format.h"
#include "dialect/live.h"
#include "gateway/container_input.h"
#include "gateway/live_outbox.h"
#include "gateway/second_pass.h"
#include "gateway/services.h"
#include "policy/drain_plan.h"
#include "policy/resume_points.h"
#include "policy/session_machine.h"
#include "runtime/sha256.h"

#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/websocket.hpp>

#include <memory>
#include <optional>

namespace tutti::gateway {

namespace beast = boost::beast;
namespace websocket = boost::beast::websocket;

class LiveSession final : public dispatch::EngineClient {
  public:
    using Socket = websocket::stream<beast::tcp_stream>;

    struct Setup {
        std::unique_ptr<dialect::LiveDialect> dialect;
        const config::Model& model;
        std::string id;               // of this connection
        policy::ResumeClaims claims;  // of the stream, which may go on from an earlier one
    };

    // `socket` has completed its handshake.
    LiveSession(Services& services, Socket socket, Setup setup);
    ~LiveSession() override;

    asio::awaitable<void> run();

    // The gateway is to end: what this stream has to do now. Told again and again.
    void drain(policy::DrainStep step);
    // What the session draws its own moment of a drain with.
    std::uint64_t seed() const { return seed_; }

    // From dispatch.
    void on_engine(dispatch::Lease lease) override;
    void on_reply(const proto::FromEngine& message) override;
    void on_unavailable(Error why) override;
    void on_engine_lost() override;

  private:
    using Clock = std::chrono::steady_clock;

    asio::awaitable<void> read();
    asio::awaitable<void> write();
    asio::awaitable<void> watch();
    asio::awaitable<void> read_container();
    asio::awaitable<void> feed_container();
    asio::awaitable<void> end();

    void perform(std::vector<dialect::Command> commands);
    void on(dialect::SendText& command);
    void on(dialect::PushAudio& command) { push_audio(command.bytes); }
    void on(dialect::PushOwnedAudio& command) { push_audio(command.bytes); }
    void on(dialect::Begin&);
    void on(dialect::Flush&);
    void on(dialect::Finish&);
    void on(dialect::Close& command);

    void push_audio(std::string_view bytes);
    void push_samples(std::span<const std::int16_t> samples);
    void finish_input();
    void end_input();
    void tell_to_come_again();
    bool goes_on_elsewhere() const { return is_told_to_go_ && is_resumable_; }

    // Performs what the machine asks for after each of its calls.
    void act();
    void act(const policy::WantEngine&);
    void act(const policy::LeaveEngine&);
    void act(const policy::SendOpen&);
    void act(const policy::SendAudio&);
    void act(const policy::SendFlush&);
    void act(const policy::SendFinish&);
    void act(const policy::SendCancel&);
    void act(const policy::EndInput&);
    void act(const policy::TellSpeechStarted&);
    void act(const policy::TellPartial&);
    // What waits for the finals before it. Not what is heard once the client was told to go on
    // elsewhere: there it is heard again.
    void tell_later(policy::Told told) {
        if (!goes_on_elsewhere()) finals_.on_told(std::move(told));
    }
    void act(policy::TellFinal& told) { tell_later(std::move(told)); }
    void act(policy::TellUtteranceEnd& told) { tell_later(told); }
    void act(policy::TellFlushed& told) { tell_later(told); }
    void act(policy::TellFinished& told) { tell_later(told); }
    void act(policy::TellFailed& told) { tell_later(std::move(told)); }
    void tell_in_order(const policy::TellFinal&);
    void tell_in_order(const policy::TellUtteranceEnd&);
    void tell_in_order(const policy::TellFlushed&);
    void tell_in_order(const policy::TellFinished&);
    void tell_in_order(const policy::TellFailed&);
    void tell(const dialect::Event& event) { perform(dialect_->on_event(event)); }
    // Where the client goes on when the connection breaks: told at once, and again while nothing
    // else renews the token.
    void tell_resume_point();
    std::string renew_token();
    // Ends recognition for a reason the machine does not know; what is pending is told before.
    void tell_failed(Error error);

    std::chrono::seconds engine_wait() const;
    Clock::time_point next_deadline() const;
    void check_deadlines(Clock::time_point now);
    void drop_connection();

    Services& services_;
    Socket socket_;
    std::unique_ptr<dialect::LiveDialect> dialect_;
    std::string id_;
    std::uint64_t seed_;
    Finals finals_;
    policy::ResumePoints points_;
    const bool is_resumable_;  // and its client knows of it
    policy::SessionMachine machine_;

    std::optional<audio::SampleDecoder> samples_;  // raw audio
    std::optional<audio::Resampler> resampler_;
    std::vector<std::int16_t> pcm_;
    std::optional<ContainerInput> container_;
    runtime::Sha256 sha_;

    std::string model_;
    dispatch::Engines::Request request_;
    dispatch::Lease lease_;
    std::int64_t replays_seen_ = 0;

    LiveOutbox outbox_;
    bool is_telling_partial_ = false;
    std::optional<dialect::Close> close_;  // to be sent after the outbox
    bool is_feeding_ = false;              // the container
    bool has_client_finished_ = false;
    bool is_told_to_go_ = false;  // its input was ended by us
    bool owes_ping_ = false;
    bool is_connection_dropped_ = false;
    std::chrono::milliseconds idle_limit_;
    Clock::time_point last_heard_;
    Clock::time_point token_renewal_;  // while is_resumable_
    std::optional<Clock::time_point> write_began_;
    std::optional<Clock::time_point> seeking_since_;

    asio::steady_timer outbox_changed_;
    asio::steady_timer reading_allowed_;
    asio::steady_timer watchdog_;
    runtime::GaugeHold gauge_;
    runtime::TaskGroup tasks_;
};

}  // namespace tutti::gateway
