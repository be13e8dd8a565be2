// SPDX-License-Identifier: Apache-2.0
#include "gateway/live_session.h"

#include "base/log.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tutti::gateway {
namespace {

constexpr auto use_result = asio::as_tuple(asio::use_awaitable);
constexpr auto kPingAfter = std::chrono::seconds(20);
constexpr auto kPongWithin = std::chrono::seconds(20);
constexpr auto kWriteLimit = std::chrono::seconds(10);

policy::SessionMachine::Options machine_options(const config::Config& config,
                                                const dialect::LiveSettings& settings,
                                                bool copies_audio, policy::SamplePos start) {
    return {
        .wants_partials = settings.wants_partials,
        .copies_audio = copies_audio,
        .endpoint_silence = std::max(settings.endpoint_silence.value_or(config.endpoint_silence),
                                     config.min_endpoint_silence),
        .utterance_end = settings.utterance_end,
        .hotwords = settings.hotwords,
        .start = start};
}

// The client's samples a second; those of a container are counted as they come out of it.
int rate_of(const dialect::LiveSettings& settings) {
    return settings.format ? settings.format->sample_rate : proto::kSampleRate;
}

}  // namespace

LiveSession::LiveSession(Services& services, Socket socket, Setup setup)
    : services_(services),
      socket_(std::move(socket)),
      dialect_(std::move(setup.dialect)),
      id_(std::move(setup.id)),
      seed_(std::hash<std::string>()(id_)),
      finals_(
          services, setup.model, dialect_->settings(), [this] { watchdog_.cancel(); },
          [this](const policy::Told& told) {
              std::visit([this](const auto& one) { tell_in_order(one); }, told);
          }),
      points_(std::move(setup.claims), rate_of(dialect_->settings())),
      is_resumable_(dialect_->settings().wants_resume_points &&
                    services.config.resume_window.count() > 0),
      machine_(machine_options(services.config, dialect_->settings(), finals_.need_audio(),
                               points_.start())),
      model_(setup.model.id),
      request_(services.engines, *this, setup.model.id, proto::StreamMode::live),
      last_heard_(Clock::now()),
      outbox_changed_(services.loop, asio::steady_timer::time_point::max()),
      reading_allowed_(services.loop, asio::steady_timer::time_point::max()),
      watchdog_(services.loop),
      gauge_(services.slot, runtime::Metric::websockets),
      tasks_(services.loop) {
    const auto& settings = dialect_->settings();
    idle_limit_ = settings.idle_limit.count() ? settings.idle_limit : services.config.live_idle;
    if (settings.format) {
        samples_.emplace(*settings.format);
        resampler_.emplace(settings.format->sample_rate);
    } else {
        container_.emplace(services);
    }
    services_.slot.add(runtime::Metric::websockets_accepted);
    services_.live_sessions.insert(this);
}

LiveSession::~LiveSession() {
    services_.live_sessions.erase(this);
}

asio::awaitable<void> LiveSession::run() {
    socket_.control_callback(
        [this](websocket::frame_type, beast::string_view) { last_heard_ = Clock::now(); });
    if (is_resumable_) tell_resume_point();
    tasks_.spawn("live writer", write());
    tasks_.spawn("live watchdog", watch());
    co_await read();
    co_await end();
}

asio::awaitable<void> LiveSession::read() {
    beast::flat_buffer buffer;
    while (!close_ && !is_connection_dropped_) {
        if (!machine_.accepts_audio()) {
            co_await reading_allowed_.async_wait(use_result);
            last_heard_ = Clock::now();
            continue;
        }
        const auto [error, size] = co_await socket_.async_read(buffer, use_result);
        if (error) {
            log::debug("session={} read: {}", id_, error.message());
            co_return drop_connection();
        }
        last_heard_ = Clock::now();
        const auto kind =
            socket_.got_text() ? dialect::MessageKind::text : dialect::MessageKind::binary;
        const auto data = buffer.cdata();
        perform(dialect_->on_message(kind, {static_cast<const char*>(data.data()), data.size()}));
        buffer.consume(buffer.size());
        if (container_) co_await feed_container();
    }
}

// The writer may still have a close handshake to do; it ends by itself, within its own limit.
asio::awaitable<void> LiveSession::end() {
    request_.withdraw();
    machine_.on_begin();  // gives up what runs at the engine
    act();
    lease_.reset();
    finals_.drop();
    watchdog_.cancel();  // has other deadlines now
    if (container_) container_->close();
    outbox_changed_.cancel();
    co_await tasks_.wait();
}

asio::awaitable<void> LiveSession::write() {
    while (!is_connection_dropped_) {
        if (owes_ping_) {
            owes_ping_ = false;
            if (auto [error] = co_await socket_.async_ping({}, use_result); error) break;
        }
        if (outbox_.is_empty()) {
            if (close_) break;
            co_await outbox_changed_.async_wait(use_result);
            continue;
        }
        const auto frame = outbox_.pop();
        socket_.text(true);
        write_began_ = Clock::now();
        const auto [error, n] = co_await socket_.async_write(asio::buffer(frame), use_result);
        write_began_.reset();
        if (error) break;
    }
    if (close_ && !is_connection_dropped_) {
        // Beast limits the handshake's wait by the stream's handshake timeout.
        const websocket::close_reason reason(static_cast<websocket::close_code>(close_->code),
                                             close_->reason);
        co_await socket_.async_close(reason, use_result);
    }
    drop_connection();
}

void LiveSession::drop_connection() {
    if (std::exchange(is_connection_dropped_, true)) return;
    beast::get_lowest_layer(socket_).close();
    if (container_) container_->close();
    outbox_changed_.cancel();
    reading_allowed_.cancel();
    watchdog_.cancel();
}

// --- commands of the dialect -------------------------------------------------------------------

void LiveSession::perform(std::vector<dialect::Command> commands) {
    for (auto& command : commands) std::visit([this](auto& c) { on(c); }, command);
}

void LiveSession::on(dialect::SendText& command) {
    if (close_) return;
    if (is_telling_partial_)
        outbox_.push_partial(std::move(command.text));
    else
        outbox_.push(std::move(command.text));
    if (outbox_.has_overflowed()) {
        log::debug("session={} reads too slowly; closing", id_);
        return drop_connection();
    }
    outbox_changed_.cancel();
}

void LiveSession::on(dialect::Begin&) {
    if (samples_) samples_.emplace(*dialect_->settings().format);
    finals_.give_up();
    machine_.on_begin();
    act();
}

void LiveSession::on(dialect::Flush&) {
    machine_.on_flush();
    act();
}

void LiveSession::on(dialect::Finish&) {
    has_client_finished_ = true;
    end_input();
}

void LiveSession::end_input() {
    if (container_)
        container_->finish_input();
    else
        finish_input();
}

void LiveSession::on(dialect::Close& command) {
    if (close_) return;
    close_ = std::move(command);
    outbox_changed_.cancel();
    reading_allowed_.cancel();
}

void LiveSession::push_audio(std::string_view bytes) {
    if (is_told_to_go_) return;
    sha_.update(bytes);
    if (container_) return container_->push(bytes);
    pcm_.clear();
    if (dialect_->settings().format->sample_rate == proto::kSampleRate) {
        samples_->decode(bytes, pcm_);
        return push_samples(pcm_);
    }
    std::vector<std::int16_t> at_client_rate;
    samples_->decode(bytes, at_client_rate);
    resampler_->process(at_client_rate, pcm_);
    push_samples(pcm_);
}

void LiveSession::push_samples(std::span<const std::int16_t> samples) {
    services_.slot.add(runtime::Metric::live_audio_samples,
                       static_cast<std::int64_t>(samples.size()));
    machine_.on_audio(samples);
    act();
}

void LiveSession::finish_input() {
    if (resampler_) {
        pcm_.clear();
        resampler_->finish(pcm_);
        if (!pcm_.empty()) push_samples(pcm_);
        resampler_.emplace(dialect_->settings().format->sample_rate);
    }
    machine_.on_finish();
    act();
}

// --- audio in containers -----------------------------------------------------------------------

asio::awaitable<void> LiveSession::feed_container() {
    if (std::exchange(is_feeding_, true)) co_return;
    const bool was_running = container_->is_running();
    const auto fed = co_await container_->feed();
    is_feeding_ = false;
    if (!fed) co_return tell_failed(fed.error());
    if (container_->is_running() && !was_running)
        tasks_.spawn("live container", read_container());
    else if (container_->is_finished_empty())
        finish_input();
}

asio::awaitable<void> LiveSession::read_container() {
    for (;;) {
        while (!machine_.accepts_audio() && !is_connection_dropped_ && !close_)
            co_await reading_allowed_.async_wait(use_result);
        const auto samples = co_await container_->read();
        if (close_ || is_connection_dropped_) co_return;
        if (!samples) co_return tell_failed(samples.error());
        if (samples->empty()) co_return finish_input();
        push_samples(*samples);
    }
}

// --- from dispatch -----------------------------------------------------------------------------

void LiveSession::on_engine(dispatch::Lease lease) {
    seeking_since_.reset();
    lease_ = std::move(lease);
    machine_.on_engine_found(lease_.stream());
    act();
}

void LiveSession::on_reply(const proto::FromEngine& message) {
    machine_.on_message(message);
    act();
}

void LiveSession::on_unavailable(Error why) {
    seeking_since_.reset();
    machine_.on_no_engine(std::move(why));
    act();
}

void LiveSession::on_engine_lost() {
    lease_.reset();
    machine_.on_engine_lost();
    act();
}

void LiveSession::drain(policy::DrainStep step) {
    if (close_ || step == policy::DrainStep::stay) return;
    if (services_.is_orphaned) finals_.give_up();
    const bool is_all_told = machine_.is_over() && finals_.is_idle();
    if (step == policy::DrainStep::cut_off || is_all_told) return tell_to_come_again();
    if (step == policy::DrainStep::go_now || services_.is_orphaned)
        machine_.on_leave_now();
    else
        machine_.on_leave();
    act();
    if (services_.is_orphaned) watchdog_.cancel();  // no engine is worth waiting for any longer
}

void LiveSession::tell_to_come_again() {
    tell_failed(Error(Errc::canceled, "the server restarts; connect again"));
}

void LiveSession::tell_failed(Error error) {
    finals_.give_up();
    tell(dialect::Failed{std::move(error)});
}

// --- deadlines ---------------------------------------------------------------------------------

// Until the connection ends: a client that reads no farewell holds it no longer than any other.
asio::awaitable<void> LiveSession::watch() {
    while (!is_connection_dropped_) {
        watchdog_.expires_at(next_deadline());
        co_await watchdog_.async_wait(use_result);
        check_deadlines(Clock::now());
    }
}

std::chrono::seconds LiveSession::engine_wait() const {
    return services_.is_orphaned ? std::chrono::seconds(0) : services_.config.engine_wait;
}

LiveSession::Clock::time_point LiveSession::next_deadline() const {
    if (close_) return write_began_.value_or(Clock::now()) + kWriteLimit;
    auto next = last_heard_ + std::min<Clock::duration>(idle_limit_, kPingAfter);
    const auto now = Clock::now();
    if (next <= now) next = std::min(last_heard_ + idle_limit_, now + kPingAfter);
    if (seeking_since_) next = std::min(next, *seeking_since_ + engine_wait());
    if (const auto due = finals_.deadline()) next = std::min(next, *due);
    if (write_began_) next = std::min(next, *write_began_ + kWriteLimit);
    if (is_resumable_) next = std::min(next, token_renewal_);
    return std::max(next, now + std::chrono::milliseconds(10));
}

void LiveSession::check_deadlines(Clock::time_point now) {
    if (is_connection_dropped_) return;
    if (write_began_ && now >= *write_began_ + kWriteLimit) return drop_connection();
    if (close_) return;
    finals_.look(now);
    if (is_resumable_ && now >= token_renewal_) tell_resume_point();
    if (seeking_since_)
        if (auto refusal = services_.engines.refusal(model_)) {
            request_.withdraw();
            return on_unavailable(std::move(*refusal));
        }
    if (seeking_since_ && services_.engines.is_loading(model_)) seeking_since_ = now;
    if (seeking_since_ && now >= *seeking_since_ + engine_wait()) {
        seeking_since_.reset();
        request_.withdraw();
        machine_.on_no_engine(Error(Errc::unavailable, "no recogniser became available"));
        act();
    }
    if (!machine_.accepts_audio() || !finals_.is_idle()) {
        last_heard_ = now;  // it is we who do not listen, or owe an answer
    } else if (now >= last_heard_ + idle_limit_) {
        tell_failed(Error(Errc::client_idle, "nothing was received for too long"));
    } else if (now >= last_heard_ + kPingAfter + kPongWithin) {
        drop_connection();
    } else if (now >= last_heard_ + kPingAfter) {
        owes_ping_ = true;
        outbox_changed_.cancel();
    }
}

}  // namespace tutti::gateway
