// SPDX-License-Identifier: Apache-2.0
#include "dispatch/engines_fixture.h"

namespace tutti::dispatch {
namespace {

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

class EnginesTest : public test::EnginesFixture {
  protected:
    static proto::Open open_of(const RecordingClient& client, std::uint32_t epoch) {
        return {.ref = {client.lease.stream(), epoch}};
    }
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

TEST_F(EnginesTest, AModelMayBeAskedForAheadOfItsWork) {
    std::vector<std::string> wanted;
    engines.on_wanted = [&](const std::string& model) { wanted.push_back(model); };
    engines.expect_work("m");
    EXPECT_TRUE(wanted.empty()) << "nobody knows it";
    engines.update({.peers = {}, .models = {{.id = "m", .is_on_demand = true}}});
    engines.expect_work("m");
    EXPECT_EQ(wanted, std::vector<std::string>{"m"});
    connect();
    engines.expect_work("m");
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
