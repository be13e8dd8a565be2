// SPDX-License-Identifier: Apache-2.0
#include "dispatch/engine_link.h"

#include "base/check.h"
#include "base/log.h"

namespace tutti::dispatch {
namespace {

using std::chrono::steady_clock;

// How long an engine that said "busy" is not asked again.
constexpr auto kRefusalPause = std::chrono::milliseconds(100);

proto::StreamRef ref_of(const proto::FromEngine& message) {
    return std::visit([](const auto& m) { return m.ref; }, message);
}

}  // namespace

EngineLink::EngineLink(asio::io_context& loop, runtime::UnixSocket socket, proto::Peer peer,
                       runtime::Slot& slot)
    : channel_(std::move(socket), {.frame = proto::kMaxEngineFrame, .outbox = 256u << 20}),
      peer_(std::move(peer)),
      slot_(slot),
      tasks_(loop) {
}

bool EngineLink::has_room(proto::StreamMode mode, steady_clock::time_point now) const {
    if (is_closed() || now < refuses_until_) return false;
    // One segment more than the engine decodes at once, so that it never waits for the next.
    const std::size_t limit =
        mode == proto::StreamMode::live ? peer_.live_limit : peer_.whole_slots + 1;
    return streams(mode) < limit;
}

Lease EngineLink::lease(EngineClient& client, proto::StreamMode mode) {
    const auto stream = next_stream_++;
    streams_.emplace(stream, Stream{&client, mode});
    ++counts_[static_cast<std::size_t>(mode)];
    if (mode == proto::StreamMode::live) slot_.add(runtime::Metric::live_streams);
    return Lease(shared_from_this(), stream);
}

void EngineLink::release(std::uint32_t stream) {
    const auto it = streams_.find(stream);
    if (it == streams_.end()) return;
    --counts_[static_cast<std::size_t>(it->second.mode)];
    if (it->second.mode == proto::StreamMode::live) slot_.add(runtime::Metric::live_streams, -1);
    streams_.erase(it);
    if (is_retired_ && streams_.empty()) close();
}

void EngineLink::retire() {
    is_retired_ = true;
    if (streams_.empty()) close();
}

asio::awaitable<void> EngineLink::run() {
    const auto self = shared_from_this();  // a client may let go of the last lease meanwhile
    tasks_.spawn("engine writer", channel_.run_writer());
    for (bool is_sound = true; is_sound;) {
        while (is_sound) {
            const auto body = channel_.next();
            if (!body) break;
            is_sound = handle(*body);
        }
        if (!is_sound || channel_.is_broken() || channel_.is_closed()) break;
        if (co_await channel_.fill()) break;
    }
    channel_.close();
    co_await tasks_.wait();
    while (!streams_.empty()) {
        EngineClient* client = streams_.begin()->second.client;
        release(streams_.begin()->first);
        client->on_engine_lost();
    }
}

bool EngineLink::handle(std::string_view body) {
    const auto message = proto::decode<proto::FromEngine>(body);
    const auto reject = [this](std::string_view why) {
        log::error("engine {}: {}; ending the connection", peer_.id, why);
        slot_.add(runtime::Metric::protocol_violations);
        return false;
    };
    if (!message) return reject(message.error().message());
    const auto ref = ref_of(*message);
    const auto it = streams_.find(ref.stream);
    if (it == streams_.end())
        return ref.stream < next_stream_ || reject("a reply to a stream never opened");
    if (ref.epoch != it->second.epoch) return reject("a reply of another epoch");
    if (const auto* refused = std::get_if<proto::Refused>(&*message)) {
        if (refused->cause == Errc::busy)
            refuses_until_ = steady_clock::now() + kRefusalPause;
        else if (refused->cause == Errc::unavailable)
            is_leaving_ = true;
    }
    it->second.client->on_reply(*message);
    return true;
}

void Lease::reset() {
    if (link_) link_->release(stream_);
    link_.reset();
}

void Lease::open(const proto::Open& message) {
    if (!link_) return;
    const auto it = link_->streams_.find(stream_);
    if (it == link_->streams_.end()) return;
    it->second.epoch = message.ref.epoch;
    link_->post(message);
}

}  // namespace tutti::dispatch
