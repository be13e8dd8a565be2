// SPDX-License-Identifier: Apache-2.0
// This process's connection to one engine process, shared by all its streams there.
//
// 1. Stream numbers on a link only grow, so a reply to a stream that was given up meanwhile is
//    told from nonsense: the first is dropped, the second ends the link.
// 2. When the link ends, every stream on it hears on_engine_lost(), once.
#pragma once

#include "proto/engine_messages.h"
#include "proto/worker_messages.h"
#include "runtime/ipc_channel.h"
#include "runtime/scoreboard.h"
#include "runtime/task_group.h"

#include <memory>
#include <unordered_map>

namespace tutti::dispatch {

namespace asio = boost::asio;

class Lease;

// The owner of a stream: a live session, or a segment of a file.
class EngineClient {
  public:
    virtual ~EngineClient() = default;
    // Answer to Engines::want(): a stream on an engine with room.
    virtual void on_engine(Lease lease) = 0;
    // Answer to Engines::want(), too: nobody can load the model; the request is withdrawn.
    virtual void on_unavailable(Error) {}
    // A message for the stream of the lease given last.
    virtual void on_reply(const proto::FromEngine& message) = 0;
    // The lease given last is dead.
    virtual void on_engine_lost() = 0;
};

class EngineLink : public std::enable_shared_from_this<EngineLink> {
  public:
    EngineLink(asio::io_context& loop, runtime::UnixSocket socket, proto::Peer peer,
               runtime::Slot& slot);

    // Reads replies and writes requests until the connection ends.
    asio::awaitable<void> run();
    void close() { channel_.close(); }
    // No stream is added any more; closes when the last one is over.
    void retire();

    const proto::Peer& peer() const { return peer_; }
    bool is_closed() const { return channel_.is_closed(); }
    // The engine drains or is gone; the roster will follow.
    bool is_leaving() const { return is_leaving_ || is_closed(); }
    std::size_t streams(proto::StreamMode mode) const {
        return counts_[static_cast<std::size_t>(mode)];
    }

    // Room for one more stream, as far as this process knows.
    bool has_room(proto::StreamMode mode, std::chrono::steady_clock::time_point now) const;

    Lease lease(EngineClient& client, proto::StreamMode mode);

    template <class Message>
    void post(const Message& message) {
        channel_.post(message);
    }

  private:
    friend class Lease;
    struct Stream {
        EngineClient* client;
        proto::StreamMode mode;
        std::uint32_t epoch = 0;  // of the last open
    };

    bool handle(std::string_view body);
    void release(std::uint32_t stream);

    runtime::IpcChannel channel_;
    proto::Peer peer_;
    runtime::Slot& slot_;
    std::unordered_map<std::uint32_t, Stream> streams_;
    std::uint32_t next_stream_ = 1;
    std::array<std::size_t, 2> counts_{};
    std::chrono::steady_clock::time_point refuses_until_{};
    bool is_leaving_ = false;
    bool is_retired_ = false;
    runtime::TaskGroup tasks_;
};

// A stream's place on an engine. Given back by destroying it; the owner sends Cancel before, if
// the stream is not over. Messages of a dead link go nowhere.
class Lease {
  public:
    Lease() = default;
    Lease(std::shared_ptr<EngineLink> link, std::uint32_t stream)
        : link_(std::move(link)), stream_(stream) {}
    Lease(Lease&& other) noexcept = default;
    Lease& operator=(Lease&& other) noexcept {
        reset();
        link_ = std::move(other.link_);
        stream_ = other.stream_;
        return *this;
    }
    ~Lease() { reset(); }

    explicit operator bool() const { return link_ != nullptr; }
    std::uint32_t stream() const { return stream_; }
    void reset();

    void open(const proto::Open& message);
    template <class Message>
    void post(const Message& message) {
        if (link_) link_->post(message);
    }

  private:
    std::shared_ptr<EngineLink> link_;
    std::uint32_t stream_ = 0;
};

}  // namespace tutti::dispatch
