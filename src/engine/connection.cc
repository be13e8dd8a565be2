// SPDX-License-Identifier: Apache-2.0
#include "engine/connection.h"

#include "base/log.h"

#include <algorithm>

namespace tutti::engine {
namespace {

constexpr std::size_t kEndedRemembered = 1024;

Error violation(const char* what, proto::StreamRef ref) {
    return Error(Errc::protocol_violation,
                 fmt::format("{} stream={} epoch={}", what, ref.stream, ref.epoch));
}

// What a client asked for is no matter of the operator's, unlike a failing upstream.
spdlog::level::level_enum level_of(const Error& error, bool holds_everywhere) {
    const auto cause = error.errc();
    if (cause == Errc::bad_request || cause == Errc::bad_parameter) return spdlog::level::debug;
    return holds_everywhere ? spdlog::level::warn : spdlog::level::err;
}

}  // namespace

Connection::Connection(runtime::UnixSocket socket, Shared& shared)
    : shared_(shared),
      channel_(std::move(socket), {.frame = proto::kMaxEngineFrame}),
      tasks_(shared.loop) {
}

Connection::~Connection() {
    while (!streams_.empty()) remove(streams_.begin());
}

asio::awaitable<void> Connection::run() {
    tasks_.spawn("engine connection writer", channel_.run_writer());
    while (take_messages()) {
        const auto error = co_await channel_.fill();
        if (error) break;
    }
    channel_.close();
    while (!streams_.empty()) remove(streams_.begin());
    co_await tasks_.wait();
}

// False when the connection is to end.
bool Connection::take_messages() {
    Result<void> handled;
    for (auto body = channel_.next(); body && handled; body = channel_.next())
        handled = handle(*body);
    if (handled) handled = hear_expected();
    if (!handled) {
        log::warn("connection closed: {}", handled.error().message());
        shared_.slot.add(runtime::Metric::protocol_violations);
        return false;
    }
    if (channel_.is_broken()) log::warn("connection closed: frame over the limit");
    return !channel_.is_broken() && !channel_.is_closed();
}

bool Connection::is_idle() const {
    return std::ranges::all_of(streams_,
                               [](const auto& entry) { return entry.second.machine.is_idle(); });
}

// --- what the peer says --------------------------------------------------------------------------

Result<void> Connection::handle(std::string_view body) {
    const auto message = proto::decode<proto::ToEngine>(body);
    if (!message) return message.error();
    if (!std::holds_alternative<proto::Audio>(*message))
        if (auto heard = hear_expected(); !heard) return heard;
    return std::visit([this](const auto& m) { return on(m); }, *message);
}

Result<void> Connection::on(const proto::Open& open) {
    if (streams_.contains(open.ref.stream)) return violation("opened twice", open.ref);
    if (open.mode > proto::StreamMode::whole || open.first_sample < 0)
        return violation("impossible open", open.ref);
    const bool is_live = open.mode == proto::StreamMode::live;
    if (!open.text.empty() && (is_live || open.text.size() > proto::kMaxText))
        return violation("impossible text", open.ref);
    if (!proto::fits_hotwords(open.hotwords)) return violation("too many hotwords", open.ref);
    if (!open.text.empty() && !shared_.whole.takes_text) return refuse(open, Errc::bad_request);
    if (shared_.is_draining) return refuse(open, Errc::unavailable);
    if (count_of(open) >= (is_live ? shared_.live_limit : shared_.whole_limit))
        return refuse(open, Errc::busy);
    std::optional<StreamMachine> machine;
    try {
        machine.emplace(open, shared_.hearing, shared_.whole.longest);
    } catch (const std::exception& e) {
        log::error("no detector for a stream: {}", e.what());
        return refuse(open, Errc::busy);
    }
    ++count_of(open);
    shared_.slot.add(runtime::Metric::engine_streams);
    streams_.emplace(open.ref.stream, Stream{std::move(*machine), {}});
    channel_.post(proto::Opened{open.ref});
    return {};
}

Result<void> Connection::on(const proto::Audio& audio) {
    const auto found = find(audio.ref);
    if (!found) return found.error();
    if (!*found || (shared_.is_draining && (*found)->machine.is_idle())) return {};
    if (audio.pcm.size() % sizeof(std::int16_t) != 0) return violation("half a sample", audio.ref);
    samples_.resize(audio.pcm.size() / sizeof(std::int16_t));
    std::memcpy(samples_.data(), audio.pcm.data(), audio.pcm.size());
    if (!shared_.hearing.listen) return hear(**found, audio.first_sample, samples_);
    (*found)->machine.expect(samples_);
    expected_.push_back({audio.ref, audio.first_sample, std::exchange(samples_, {})});
    return {};
}

Result<void> Connection::hear_expected() {
    if (expected_.empty()) return {};
    shared_.hearing.listen();
    for (const auto& audio : std::exchange(expected_, {})) {
        const auto found = find(audio.ref);
        if (!found) return found.error();
        if (!*found) continue;
        if (auto taken = hear(**found, audio.first_sample, audio.samples); !taken) return taken;
    }
    return {};
}

// A detector that fails costs its stream alone, which another engine may serve.
Result<void> Connection::hear(Stream& stream, SamplePos first_sample,
                              std::span<const std::int16_t> samples) {
    const auto ref = stream.machine.open().ref;
    try {
        const auto taken = stream.machine.on_audio(first_sample, samples, actions_);
        if (!taken) return violation(taken.error().context.c_str(), ref);
    } catch (const std::exception& e) {
        log::error("stream={} failed: {}", ref.stream, e.what());
        stream.machine.on_error(Error(Errc::internal, e.what()), actions_);
    }
    perform(stream);
    return {};
}

Result<void> Connection::on(const proto::Flush& flush) {
    const auto found = find(flush.ref);
    if (!found) return found.error();
    if (!*found) return {};
    const auto taken = (*found)->machine.on_flush(actions_);
    if (!taken) return violation(taken.error().context.c_str(), flush.ref);
    perform(**found);
    return {};
}

Result<void> Connection::on(const proto::Finish& finish) {
    const auto found = find(finish.ref);
    if (!found) return found.error();
    if (!*found) return {};
    const auto taken = (*found)->machine.on_finish(actions_);
    if (!taken) return violation(taken.error().context.c_str(), finish.ref);
    perform(**found);
    return {};
}

Result<void> Connection::on(const proto::Cancel& cancel) {
    // Our last word may have crossed it, so a stream that is over may still be cancelled.
    const auto found = streams_.find(cancel.ref.stream);
    if (found != streams_.end() && found->second.machine.open().ref == cancel.ref) remove(found);
    return {};
}

Result<Connection::Stream*> Connection::find(proto::StreamRef ref) {
    const auto found = streams_.find(ref.stream);
    if (found != streams_.end() && found->second.machine.open().ref == ref) return &found->second;
    if (std::ranges::find(ended_, ref) != ended_.end()) return nullptr;
    return violation("unknown", ref);
}

Result<void> Connection::refuse(const proto::Open& open, Errc cause) {
    channel_.post(proto::Refused{open.ref, cause});
    remember_ended(open.ref);
    return {};
}

void Connection::remember_ended(proto::StreamRef ref) {
    ended_.push_back(ref);
    if (ended_.size() > kEndedRemembered) ended_.pop_front();
}

std::size_t& Connection::count_of(const proto::Open& open) {
    return open.mode == proto::StreamMode::live ? shared_.live_streams : shared_.whole_streams;
}

// --- what the decode threads find ----------------------------------------------------------------

void Connection::on_news(std::uint32_t id, News news) {
    auto& stream = streams_.at(id);
    stream.machine.on_progress(news.decoded, actions_);
    if (news.partial && !news.outcome)
        stream.machine.on_partial(std::move(*news.partial), actions_);
    if (news.outcome || news.error) stream.job.reset();
    if (news.outcome) stream.machine.on_outcome(std::move(*news.outcome), actions_);
    if (news.error) {
        spdlog::log(level_of(*news.error, news.holds_everywhere), "stream={} failed: {}", id,
                    news.error->message());
        stream.machine.on_error(*news.error, actions_, news.holds_everywhere);
    }
    perform(stream);
}

// --- acting --------------------------------------------------------------------------------------

void Connection::perform(Stream& stream) {
    for (auto& action : actions_) std::visit([&](auto& chosen) { act(stream, chosen); }, action);
    actions_.clear();
    if (!stream.machine.is_over()) return;
    const auto ref = stream.machine.open().ref;
    remember_ended(ref);
    remove(streams_.find(ref.stream));
}

void Connection::act(Stream& stream, BeginUtterance& begin) {
    const auto& open = stream.machine.open();
    stream.job = shared_.decode_loop.begin({.mode = open.mode,
                                            .wants_partials = stream.machine.wants_partials(),
                                            .stream = std::move(begin.options)});
    shared_.routes.emplace(*stream.job, Shared::Route{this, open.ref.stream});
}

void Connection::act(Stream& stream, FeedAudio& feed) {
    shared_.decode_loop.push(*stream.job, feed.samples);
}

void Connection::act(Stream& stream, EndUtterance& end) {
    shared_.decode_loop.finish(*stream.job, end.ending);
}

void Connection::act(Stream& stream, DropUtterance&) {
    shared_.decode_loop.cancel(*stream.job);
    shared_.routes.erase(*stream.job);
    stream.job.reset();
}

void Connection::act(Stream&, Reply& reply) {
    std::visit([this](const auto& message) { channel_.post(message); }, reply.message);
}

void Connection::remove(Streams::iterator position) {
    auto& stream = position->second;
    if (stream.job) {
        shared_.decode_loop.cancel(*stream.job);
        shared_.routes.erase(*stream.job);
    }
    --count_of(stream.machine.open());
    shared_.slot.add(runtime::Metric::engine_streams, -1);
    streams_.erase(position);
}

}  // namespace tutti::engine
