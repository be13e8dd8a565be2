// SPDX-License-Identifier: Apache-2.0
#include "dispatch/whole_call.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace tutti::dispatch {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds kLong = std::chrono::minutes(1);

// The engine's side of the socket is the test's own.
class WholeCallTest : public testing::Test {
  protected:
    WholeCallTest() : board(runtime::Scoreboard::create().value()), engines(loop, board.slot(0)) {
        std::string name = (fs::temp_directory_path() / "whole-call-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        listener.emplace(loop, asio::local::stream_protocol::endpoint(folder / "e.sock"));
        roster.peers = {{.id = 0, .model = "m", .socket = folder / "e.sock", .whole_slots = 1}};
    }
    ~WholeCallTest() override {
        cancel();
        engines.shut_down();
        loop.restart();
        loop.run();
        fs::remove_all(folder);
    }

    void run_until(const std::function<bool()>& condition) {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
        bool is_true = condition();  // asked once each time: it may act
        while (!is_true && std::chrono::steady_clock::now() < deadline) {
            loop.restart();
            loop.run_one_for(milliseconds(10));
            is_true = condition();
        }
        ASSERT_TRUE(is_true) << "waited in vain";
    }
    void connect() {
        engines.update(roster);
        accept();
    }
    void accept() {
        listener->non_blocking(true);
        run_until([this] {
            boost::system::error_code error;
            peer.emplace(listener->accept(error));
            return !error;
        });
        heard.clear();
    }
    // The next thing the engine is told.
    proto::ToEngine told() {
        run_until([this] {
            if (peer->available() > 0) {
                char buffer[65536];
                heard.append(buffer, peer->read_some(asio::buffer(buffer)));
            }
            const auto size = proto::frame_size(heard);
            return size > 0 && heard.size() >= size;
        });
        const auto size = proto::frame_size(heard);
        current = heard.substr(proto::kFrameHeader, size - proto::kFrameHeader);
        heard.erase(0, size);
        return proto::decode<proto::ToEngine>(current).value();
    }
    template <class Message>
    void engine_says(const Message& message) {
        std::string frame;
        proto::append_frame(frame, message);
        asio::write(*peer, asio::buffer(frame));
    }
    // Takes one text and answers with `text`.
    std::string answer(const std::string& text) {
        const auto open = std::get<proto::Open>(told());
        engine_says(proto::Opened{open.ref});
        EXPECT_EQ(std::get<proto::Finish>(told()).ref, open.ref) << "no audio";
        engine_says(proto::Final{.ref = open.ref, .utterance = {text, {}, {}, {}, 0}});
        engine_says(proto::Finished{open.ref});
        return open.text;
    }
    void punctuate_in_background(std::string text, milliseconds limit = kLong) {
        tasks.spawn("call", call(std::move(text), limit));
    }
    asio::awaitable<void> call(std::string text, milliseconds limit) {
        std::string model = "m";
        result = co_await punctuate(engines, std::move(model), std::move(text), limit);
    }
    void cancel() {
        asio::post(loop, [this] { tasks.cancel(); });
    }
    void wait_for_result() {
        run_until([this] { return result.has_value(); });
    }

    asio::io_context loop;
    runtime::Scoreboard board;
    Engines engines;
    fs::path folder;
    std::optional<asio::local::stream_protocol::acceptor> listener;
    std::optional<runtime::UnixSocket> peer;
    proto::Roster roster;
    std::string heard, current;
    std::optional<Result<std::string>> result;
    runtime::TaskGroup tasks{loop};
};

TEST_F(WholeCallTest, ATextComesBackWithMarks) {
    connect();
    punctuate_in_background("hello there");
    EXPECT_EQ(answer("hello, there."), "hello there");
    wait_for_result();
    EXPECT_EQ(result->value(), "hello, there.");
}

TEST_F(WholeCallTest, AModelNobodyServesIsUnavailableAtOnce) {
    punctuate_in_background("a");
    wait_for_result();
    EXPECT_EQ(result->error().errc(), Errc::unavailable);
}

TEST_F(WholeCallTest, AnEngineThatDiesIsNotTheLastOne) {
    connect();
    punctuate_in_background("a b");
    EXPECT_EQ(std::get<proto::Open>(told()).text, "a b");
    peer->close();
    accept();
    EXPECT_EQ(answer("a b."), "a b");
    wait_for_result();
    EXPECT_EQ(result->value(), "a b.");
}

TEST_F(WholeCallTest, WhatEveryEngineWouldSayIsTheError) {
    connect();
    punctuate_in_background("a");
    const auto open = std::get<proto::Open>(told());
    engine_says(proto::Opened{open.ref});
    engine_says(proto::Failed{open.ref, Errc::bad_request, "no", true});
    wait_for_result();
    EXPECT_EQ(result->error().errc(), Errc::bad_request);
}

TEST_F(WholeCallTest, ASilentEngineIsWaitedForAsLongAsTheLimit) {
    connect();
    punctuate_in_background("a", milliseconds(1500));
    const auto open = std::get<proto::Open>(told());
    wait_for_result();
    EXPECT_EQ(result->error().errc(), Errc::unavailable);
    auto next = told();
    while (!std::holds_alternative<proto::Cancel>(next)) next = told();
    EXPECT_EQ(std::get<proto::Cancel>(next).ref, open.ref) << "the engine is told";
}

TEST_F(WholeCallTest, ALongTextGoesInPieces) {
    connect();
    std::string text;
    while (text.size() < proto::kMaxText + 1000) text += "word ";
    punctuate_in_background(text);
    std::string asked;
    for (int pieces = 0; pieces < 2; ++pieces) {
        const auto piece = answer("<" + std::to_string(pieces) + ">");
        EXPECT_LE(piece.size(), proto::kMaxText);
        asked += piece;
    }
    wait_for_result();
    EXPECT_EQ(asked, text);
    EXPECT_EQ(result->value(), "<0><1>");
}

TEST_F(WholeCallTest, WhiteSpaceNeedsNoEngine) {
    punctuate_in_background(" \n");
    wait_for_result();
    EXPECT_EQ(result->value(), " \n");
}

TEST_F(WholeCallTest, ACallerThatIsCancelledCancelsTheWork) {
    connect();
    punctuate_in_background("a");
    const auto open = std::get<proto::Open>(told());
    cancel();
    auto next = told();
    while (!std::holds_alternative<proto::Cancel>(next)) next = told();
    EXPECT_EQ(std::get<proto::Cancel>(next).ref, open.ref);
}

}  // namespace
}  // namespace tutti::dispatch
