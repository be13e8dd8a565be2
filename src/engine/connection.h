// SPDX-License-Identifier: Apache-2.0
// One gateway's or scribe's connection to this engine, with all its streams.
//
//   Connection connection(std::move(socket), shared);
//   co_await connection.run();      // until the peer or close() ends it
//
// A peer that breaks the protocol loses the connection, and with it its streams. However a
// connection ends, its utterances are cancelled and their places freed. Loop thread only.
#pragma once

#include "engine/decode_loop.h"
#include "engine/stream_machine.h"
#include "runtime/ipc_channel.h"
#include "runtime/scoreboard.h"
#include "runtime/task_group.h"

#include <deque>
#include <optional>
#include <unordered_map>

namespace tutti::engine {

namespace asio = boost::asio;

class Connection;

// What the connections of one engine have in common.
struct Shared {
    asio::io_context& loop;
    DecodeLoop& decode_loop;
    runtime::Slot& slot;
    std::size_t live_limit;
    std::size_t whole_limit;
    WholeTraits whole = {};
    Hearing hearing = {};

    std::size_t live_streams = 0;
    std::size_t whole_streams = 0;
    bool is_draining = false;  // no new streams, no new utterances

    struct Route {
        Connection* connection;
        std::uint32_t stream;
        SamplePos decoded = 0;
    };
    std::unordered_map<JobId, Route> routes = {};
};

class Connection {
  public:
    Connection(runtime::UnixSocket socket, Shared& shared);
    ~Connection();

    asio::awaitable<void> run();
    void on_news(std::uint32_t stream, News news);
    void close() { channel_.close(); }
    void close_when_written() { channel_.close_when_written(); }
    // No final is owed on any stream.
    bool is_idle() const;

  private:
    struct Stream {
        StreamMachine machine;
        std::optional<JobId> job;
    };
    using Streams = std::unordered_map<std::uint32_t, Stream>;

    bool take_messages();
    Result<void> handle(std::string_view body);
    Result<void> on(const proto::Open& open);
    Result<void> on(const proto::Audio& audio);
    Result<void> on(const proto::Flush& flush);
    Result<void> on(const proto::Finish& finish);
    Result<void> on(const proto::Cancel& cancel);
    // The stream, or null when a message for it is to be ignored.
    Result<Stream*> find(proto::StreamRef ref);
    Result<void> hear(Stream& stream, SamplePos first_sample,
                      std::span<const std::int16_t> samples);
    Result<void> hear_expected();
    Result<void> refuse(const proto::Open& open, Errc cause);
    void remember_ended(proto::StreamRef ref);
    std::size_t& count_of(const proto::Open& open);
    void perform(Stream& stream);
    void act(Stream& stream, BeginUtterance& begin);
    void act(Stream& stream, FeedAudio& feed);
    void act(Stream& stream, EndUtterance& end);
    void act(Stream& stream, DropUtterance&);
    void act(Stream& stream, Reply& reply);
    void remove(Streams::iterator position);

    Shared& shared_;
    runtime::IpcChannel channel_;
    Streams streams_;
    // Streams that we ended first: their senders may not know yet. The oldest is forgotten.
    std::deque<proto::StreamRef> ended_;
    // Audio that came, in the order it came, for Hearing::listen to hear at once.
    struct Expected {
        proto::StreamRef ref;
        SamplePos first_sample;
        std::vector<std::int16_t> samples;
    };
    std::vector<Expected> expected_;
    Actions actions_;
    std::vector<std::int16_t> samples_;
    runtime::TaskGroup tasks_;
};

}  // namespace tutti::engine
