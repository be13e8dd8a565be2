// SPDX-License-Identifier: Apache-2.0
// For tests: this process's side of a connection to an engine whose other side is the test's own,
// so that it can say what no engine would.
#pragma once

#include "dispatch/engines.h"

#include <boost/asio/post.hpp>
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
        shut_down();
        fs::remove_all(folder);
    }
    // Ends every connection, and what runs on the loop.
    void shut_down() {
        asio::post(loop, [this] { engines.shut_down(); });
        loop.restart();
        loop.run();
    }

    // Runs the loop until `condition` holds, which is asked once each time: it may act.
    void run_until(const std::function<bool()>& condition) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        bool is_true = condition();
        while (!is_true && std::chrono::steady_clock::now() < deadline) {
            loop.restart();
            loop.run_one_for(std::chrono::milliseconds(10));
            is_true = condition();
        }
        ASSERT_TRUE(is_true) << "waited in vain";
    }
    void connect() {
        engines.update(roster);
        loop.restart();
        loop.poll();  // connects, and knows that it has; the kernel keeps the connection for us
        accept();
        run_until([this] { return engines.is_served("m"); });
    }
    // The next connection to the engine.
    void accept() {
        listener->non_blocking(true);
        run_until([this] {
            boost::system::error_code error;
            peer.emplace(listener->accept(error));
            return !error;
        });
        heard.clear();
    }
    template <class Message>
    void engine_says(const Message& message) {
        std::string frame;
        proto::append_frame(frame, message);
        asio::write(*peer, asio::buffer(frame));
    }

    // The next message to the engine.
    proto::ToEngine engine_hears() {
        run_until([this] {
            if (peer->available() > 0) {
                char buffer[65536];
                heard.append(buffer, peer->read_some(asio::buffer(buffer)));
            }
            const auto size = proto::frame_size(heard);
            return size > 0 && heard.size() >= size;
        });
        const auto size = proto::frame_size(heard);
        received = heard.substr(proto::kFrameHeader, size - proto::kFrameHeader);
        heard.erase(0, size);
        return proto::decode<proto::ToEngine>(received).value();
    }
    // The same, which must be of that kind.
    template <class Message>
    Message engine_hears() {
        return std::get<Message>(engine_hears());
    }

    asio::io_context loop;
    runtime::Scoreboard board;
    Engines engines;
    fs::path folder;
    std::optional<asio::local::stream_protocol::acceptor> listener;
    std::optional<runtime::UnixSocket> peer;
    proto::Roster roster;
    std::string heard;     // that was not taken yet
    std::string received;  // what the last message taken points into
};

}  // namespace tutti::dispatch::test
