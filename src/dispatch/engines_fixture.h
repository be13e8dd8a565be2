// SPDX-License-Identifier: Apache-2.0
// For tests: this process's side of a connection to an engine whose other side is the test's own,
// so that it can say what no engine would.
#pragma once

#include "dispatch/engines.h"

#include <boost/asio/post.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace tutti::dispatch::test {

namespace fs = std::filesystem;

class EnginesFixture : public testing::Test {
  protected:
    EnginesFixture() : board(runtime::Scoreboard::create().value()), engines(loop, board.slot(0)) {
        std::string name = (fs::temp_directory_path() / "dispatch-test-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        listener.emplace(loop, asio::local::stream_protocol::endpoint(folder / "e.sock"));
        roster.peers = {{.id = 0,
                         .model = "m",
                         .socket = folder / "e.sock",
                         .live_limit = 2,
                         .whole_slots = 1}};
    }
    ~EnginesFixture() override {
        asio::post(loop, [this] { engines.shut_down(); });
        loop.restart();
        loop.run();
        fs::remove_all(folder);
    }

    // Runs the loop until `condition` holds.
    void run_until(const std::function<bool()>& condition) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!condition() && std::chrono::steady_clock::now() < deadline) {
            loop.restart();
            loop.run_one_for(std::chrono::milliseconds(100));
        }
        ASSERT_TRUE(condition()) << "waited in vain";
    }
    void connect() {
        engines.update(roster);
        loop.poll();  // connects; the kernel's queue holds the connection until we accept
        peer.emplace(listener->accept());
        run_until([this] { return engines.is_served("m"); });
    }
    template <class Message>
    void engine_says(const Message& message) {
        std::string frame;
        proto::append_frame(frame, message);
        asio::write(*peer, asio::buffer(frame));
    }

    // The next message to the engine, which must be small and of that kind.
    template <class Message>
    Message engine_hears() {
        std::string head(proto::kFrameHeader, '\0');
        run_until([this] { return peer->available() >= proto::kFrameHeader; });
        asio::read(*peer, asio::buffer(head));
        std::string body(proto::frame_size(head) - proto::kFrameHeader, '\0');
        run_until([&] { return peer->available() >= body.size(); });
        asio::read(*peer, asio::buffer(body));
        received = std::move(body);
        return std::get<Message>(proto::decode<proto::ToEngine>(received).value());
    }

    asio::io_context loop;
    runtime::Scoreboard board;
    Engines engines;
    fs::path folder;
    std::optional<asio::local::stream_protocol::acceptor> listener;
    std::optional<runtime::UnixSocket> peer;
    proto::Roster roster;
    std::string received;  // what the last message heard points into
};

}  // namespace tutti::dispatch::test
