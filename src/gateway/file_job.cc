// SPDX-License-Identifier: Apache-2.0
#include "gateway/file_job.h"

#include "base/log.h"
#include "policy/transcript_assembly.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tutti::gateway {
namespace {

constexpr int kMaxAttempts = 2;
constexpr int kMaxConnections = 20;
constexpr auto kConnectPause = std::chrono::milliseconds(20);
constexpr auto use_result = asio::as_tuple(asio::use_awaitable);

}  // namespace

FileJob::FileJob(Services& services, Exchange& exchange, int file, const config::Model& model,
                 FileExtras extras)
    : services_(services),
      exchange_(exchange),
      file_(file),
      model_(model),
      extras_(std::move(extras)),
      tasks_(services.loop) {
    transcript_.model = model.id;
    transcript_.is_punctuated = model.punctuates;
    if (!model.languages.empty()) transcript_.language = model.languages.front();
    tasks_.spawn("client watch", watch_client());
}

FileJob::~FileJob() = default;

asio::awaitable<void> FileJob::watch_client() {
    co_await exchange_.wait_for_disconnect();
    const auto state = co_await asio::this_coro::cancellation_state;
    if (state.cancelled() != asio::cancellation_type::none) co_return;
    is_client_gone_ = true;
    if (channel_) channel_->close();
}

asio::awaitable<void> FileJob::finish() {
    tasks_.cancel();
    co_await tasks_.wait();
    if (channel_) channel_->close();
}

asio::awaitable<Result<void>> FileJob::submit() {
    // A scribe that went before it began the job has nothing against it.
    lost_attempts_ += is_begun_;
    is_begun_ = false;
    if (lost_attempts_ >= kMaxAttempts || ++connections_ > kMaxConnections)
        co_return Error(Errc::internal, "the recognition of this file failed repeatedly");
    if (auto refusal = services_.engines.refusal(model_.id)) co_return *refusal;
    auto connected = co_await connect();
    if (!connected) co_return connected.error();
    auto socket = std::move(*connected);
    std::string frame;
    proto::append_frame(
        frame, proto::Submit{exchange_.id(), model_.id, services_.config.max_audio, extras_.text,
                             extras_.hotwords, extras_.speaker_model, extras_.needs_speakers});
    if (auto sent = runtime::send_with_fd(socket, frame, file_); !sent) co_return sent.error();
    channel_.emplace(std::move(socket), runtime::IpcChannel::Limits{.frame = proto::kMaxJobFrame});
    co_return Result<void>();
}

// A scribe that has just gone is still on the roster for a moment.
asio::awaitable<Result<runtime::UnixSocket>> FileJob::connect() {
    const auto deadline = std::chrono::steady_clock::now() + services_.config.engine_wait;
    for (;;) {
        const auto path = co_await services_.scribes.pick(services_.config.engine_wait);
        if (!path) co_return path.error();
        runtime::UnixSocket socket(services_.loop);
        const auto [error] = co_await socket.async_connect(
            asio::local::stream_protocol::endpoint(*path), use_result);
        if (!error) co_return std::move(socket);
        if (services_.is_orphaned || std::chrono::steady_clock::now() >= deadline)
            co_return Error(Errc::unavailable, "file recognition is not available right now");
        asio::steady_timer pause(services_.loop, kConnectPause);
        co_await pause.async_wait(use_result);
    }
}

asio::awaitable<Result<proto::FromScribe>> FileJob::next() {
    for (;;) {
        if (is_client_gone_) co_return Error(Errc::client_gone);
        if (failure_) co_return *failure_;
        if (auto message = take_buffered()) co_return std::move(*message);
        if (failure_) continue;
        if (channel_ && !channel_->is_broken() && !co_await channel_->fill()) continue;
        if (channel_ && !is_client_gone_)
            log::warn("job={} its scribe ended; submitting it again", exchange_.id());
        channel_.reset();
        if (is_client_gone_) continue;
        if (auto submitted = co_await submit(); !submitted) failure_ = submitted.error();
    }
}

std::optional<proto::FromScribe> FileJob::take_buffered() {
    while (channel_) {
        const auto body = channel_->next();
        if (!body) break;
        auto message = proto::decode<proto::FromScribe>(*body);
        if (!message) {
            failure_ = message.error();
            break;
        }
        if (std::holds_alternative<proto::Begun>(*message)) {
            is_begun_ = true;
            continue;
        }
        if (const auto* rejected = std::get_if<proto::Rejected>(&*message)) {
            if (rejected->cause == Errc::canceled) {
                is_begun_ = false;
                channel_.reset();
                break;
            }
            failure_ = Error(rejected->cause, rejected->why);
            break;
        }
        if (auto* speakers = std::get_if<proto::Speakers>(&*message)) {
            transcript_.turns = std::move(speakers->turns);
            continue;
        }
        if (auto* segment = std::get_if<proto::Segment>(&*message)) {
            if (!cut_to_news(*segment)) continue;
            transcript_.utterances.push_back(segment->utterance);
        }
        if (const auto* done = std::get_if<proto::Done>(&*message))
            transcript_.duration = done->duration;
        return std::move(*message);
    }
    return std::nullopt;
}

// A second scribe hears the file from its start.
bool FileJob::cut_to_news(proto::Segment& segment) {
    if (lost_attempts_ == 0 || transcript_.utterances.empty()) return true;
    auto news = policy::news_after(transcript_.utterances.back().end, std::move(segment.utterance));
    if (news) segment.utterance = std::move(*news);
    return news.has_value();
}

asio::awaitable<Result<proto::Transcript>> FileJob::collect() {
    for (;;) {
        const auto event = co_await next();
        if (!event) co_return event.error();
        if (std::holds_alternative<proto::Done>(*event)) co_return transcript_;
    }
}

}  // namespace tutti::gateway
