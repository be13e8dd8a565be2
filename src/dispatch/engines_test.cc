// SPDX-License-Identifier: Apache-2.0
#include "dispatch/engines.h"

#include <boost/asio/post.hpp>
#include <boost/asio/write.hpp>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

namespace tutti::dispatch {
namespace {

namespace fs = std::filesystem;
using proto::StreamMode;

struct RecordingClient : EngineClient {
    void on_engine(Lease given) override { lease = std::move(given); }
    void on_reply(const proto::FromEngine& message) override { replies.push_back(message); }
    void on_unavailable(Error why) override { refusals.push_back(why.message()); }
    void on_engine_lost() override {
        lease.reset();
        ++losses;
    }

    Lease lease;
    std::vector<proto::FromEngine> replies;
    std::vector<std::string> refusals;
    int losses = 0;
};

// The engine's side of the socket is the test's own, so that it can say what no engine would.
class EnginesTest : public testing::Test {
  protected:
    EnginesTest() : board(runtime::Scoreboard::create().value()), engines(loop, board.slot(0)) {
        std::string name = (fs::temp_directory_path() / "dispatch-test-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        listener.emplace(loop, asio::local::stream_protocol::endpoint(folder / "e.sock"));
        roster.peers = {{.id = 0,
                         .model = "m",
                         .socket = folder / "e.sock",
                         .live_limit = 2,
                         .whole_slots = 1}};
    }
    ~EnginesTest() override {
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
    static proto::Open open_of(const RecordingClient& client, std::uint32_t epoch) {
        return {.ref = {client.lease.stream(), epoch}};
    }

    asio::io_context loop;
    runtime::Scoreboard board;
    Engines engines;
    fs::path folder;
    std::optional<asio::local::stream_protocol::acceptor> listener;
    std::optional<runtime::UnixSocket> peer;
    proto::Roster roster;
};

TEST_F(EnginesTest, ARequestWaitsForAnEngineOfItsModel) {
    RecordingClient client;
    Engines::Request request(engines, client, "m", StreamMode::live);
    engines.want(request);
    EXPECT_TRUE(request.is_waiting());
    connect();
    EXPECT_TRUE(client.lease);
    EXPECT_FALSE(request.is_waiting());
}

TEST_F(EnginesTest, OnlyAConnectedEngineThatSaysSoAligns) {
    roster.peers[0].aligns = true;
    EXPECT_FALSE(engines.aligns("m"));
    connect();
    EXPECT_TRUE(engines.aligns("m"));
    EXPECT_FALSE(engines.aligns("other"));
}

TEST_F(EnginesTest, AnEngineIsNotTakenToAlign) {
    connect();
    EXPECT_FALSE(engines.aligns("m"));
}

TEST_F(EnginesTest, AFaultOfTheRequestSaysNothingAboutTheEngine) {
    connect();
    RecordingClient client;
    Engines::Request request(engines, client, "m", StreamMode::whole);
    engines.want(request);
    client.lease.open(open_of(client, 1));
    engine_says(proto::Refused{{client.lease.stream(), 1}, Errc::bad_request});
    run_until([&] { return !client.replies.empty(); });
    EXPECT_TRUE(engines.is_served("m"));
}

TEST_F(EnginesTest, AModelThatIsNotLoadedIsAskedForByWhoWaits) {
    std::vector<std::string> wanted;
    engines.on_wanted = [&](const std::string& model) { wanted.push_back(model); };
    engines.update({.peers = {}, .models = {{.id = "m", .is_on_demand = true}}});
    EXPECT_TRUE(engines.can_serve("m"));
    EXPECT_FALSE(engines.is_served("m"));
    EXPECT_FALSE(engines.can_serve("n"));
    RecordingClient client;
    Engines::Request request(engines, client, "m", StreamMode::live);
    engines.want(request);
    engines.look_again();
    EXPECT_EQ(wanted, std::vector<std::string>{"m"}) << "told once a second";
    EXPECT_EQ(engines.waiting("m"), 1u);
    connect();
    EXPECT_TRUE(client.lease);
    EXPECT_EQ(wanted.size(), 1u);
}

TEST_F(EnginesTest, WhoWaitsForAModelThatCannotBeLoadedIsToldWhy) {
    RecordingClient client;
    Engines::Request request(engines, client, "m", StreamMode::live);
    engines.want(request);
    engines.update({.peers = {},
                    .models = {{.id = "m",
                                .state = proto::ModelState::failed,
                                .may_be_asked_for = false,
                                .why = "it broke"}}});
    EXPECT_EQ(client.refusals,
              std::vector<std::string>{"the model 'm' is not available: it broke"});
    EXPECT_FALSE(request.is_waiting());
    EXPECT_FALSE(engines.can_serve("m"));
    EXPECT_EQ(engines.refusal("m")->errc(), Errc::unavailable);
    connect();
    EXPECT_FALSE(engines.refusal("m")) << "an engine serves it after all";
}

TEST_F(EnginesTest, BeyondTheLimitRequestsWaitInOrderForRoom) {
    connect();
    RecordingClient clients[4];
    std::deque<Engines::Request> requests;
    for (auto& client : clients) {
        requests.emplace_back(engines, client, "m", StreamMode::live);
        engines.want(requests.back());
    }
    EXPECT_TRUE(clients[1].lease);
    EXPECT_FALSE(clients[2].lease);
    EXPECT_TRUE(engines.is_full("m"));
    clients[0].lease.reset();
    engines.look_again();
    EXPECT_TRUE(clients[2].lease);
    EXPECT_FALSE(clients[3].lease);
}

TEST_F(EnginesTest, WholeStreamsHaveOneMoreThanTheEngineDecodes) {
    connect();
    RecordingClient clients[3];
    std::deque<Engines::Request> requests;
    for (auto& client : clients) {
        requests.emplace_back(engines, client, "m", StreamMode::whole);
        engines.want(requests.back());
    }
    EXPECT_TRUE(clients[1].lease);
    EXPECT_FALSE(clients[2].lease);
}

TEST_F(EnginesTest, RepliesReachTheirStreamAndLateOnesNobody) {
    connect();
    RecordingClient first, second;
    Engines::Request one(engines, first, "m", StreamMode::live);
    Engines::Request two(engines, second, "m", StreamMode::live);
    engines.want(one);
    engines.want(two);
    first.lease.open(open_of(first, 1));
    second.lease.open(open_of(second, 1));
    const proto::StreamRef gone{first.lease.stream(), 1};
    first.lease.reset();
    engine_says(proto::Opened{gone});
    engine_says(proto::Opened{{second.lease.stream(), 1}});
    run_until([&] { return second.replies.size() == 1; });
    EXPECT_TRUE(first.replies.empty());
    EXPECT_EQ(second.losses, 0);
}

TEST_F(EnginesTest, AReplyOfAnotherEpochEndsTheConnection) {
    connect();
    RecordingClient client;
    Engines::Request request(engines, client, "m", StreamMode::live);
    engines.want(request);
    client.lease.open(open_of(client, 5));
    engine_says(proto::Opened{{client.lease.stream(), 4}});
    run_until([&] { return client.losses == 1; });
    EXPECT_TRUE(client.replies.empty());
    EXPECT_EQ(board.slot(0).get(runtime::Metric::protocol_violations), 1);
}

TEST_F(EnginesTest, AReplyToAStreamNeverOpenedEndsTheConnection) {
    connect();
    RecordingClient client;
    Engines::Request request(engines, client, "m", StreamMode::live);
    engines.want(request);
    engine_says(proto::Opened{{999, 1}});
    run_until([&] { return client.losses == 1; });
}

TEST_F(EnginesTest, ALostConnectionIsToldOnceAndMadeAgain) {
    connect();
    RecordingClient client;
    Engines::Request request(engines, client, "m", StreamMode::live);
    engines.want(request);
    peer->close();
    run_until([&] { return client.losses == 1; });
    EXPECT_FALSE(client.lease);
    EXPECT_EQ(board.slot(0).get(runtime::Metric::live_streams), 0);
    engines.want(request);
    run_until([&] { return static_cast<bool>(client.lease); });
    EXPECT_EQ(client.losses, 1);
}

TEST_F(EnginesTest, AnEngineThatRefusedIsAskedAgainALittleLater) {
    connect();
    RecordingClient client;
    Engines::Request request(engines, client, "m", StreamMode::live);
    engines.want(request);
    client.lease.open(open_of(client, 1));
    engine_says(proto::Refused{{client.lease.stream(), 1}, Errc::busy});
    run_until([&] { return client.replies.size() == 1; });
    client.lease.reset();
    engines.want(request);
    EXPECT_TRUE(request.is_waiting());
    run_until([&] { return static_cast<bool>(client.lease); });
}

TEST_F(EnginesTest, AnEngineThatDrainsIsNotAFullOne) {
    connect();
    RecordingClient client;
    Engines::Request request(engines, client, "m", StreamMode::live);
    engines.want(request);
    client.lease.open(open_of(client, 1));
    EXPECT_TRUE(engines.is_served("m"));
    engine_says(proto::Refused{{client.lease.stream(), 1}, Errc::unavailable});
    run_until([&] { return client.replies.size() == 1; });
    EXPECT_FALSE(engines.is_full("m")) << "a client waits for its successor, and is not refused";
    EXPECT_FALSE(engines.is_served("m"));
}

}  // namespace
}  // namespace tutti::dispatch
