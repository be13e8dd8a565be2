// SPDX-License-Identifier: Apache-2.0
// What a request may ask of the pool besides being carried.
#include "engine/upstream/http_pool.h"
#include "engine/upstream/test_server.h"

#include <gtest/gtest.h>

#include <atomic>

namespace tutti::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using Peer = TestServer::Peer;

// Timeouts no test is to meet, and retries without a pause.
PoolOptions patient() {
    return {.name = "test",
            .connect_timeout = seconds(60),
            .read_timeout = seconds(60),
            .total_timeout = seconds(60),
            .retry = {.retries = 3, .first_delay = milliseconds(1)},
            .breaker = {.consecutive_failures = 1000, .failure_share = 1, .window = 1000}};
}

TEST(HttpPoolRequest, KnowsOtherMethods) {
    TestServer server([](Peer& peer) {
        const auto& request = peer.request();
        peer.reply(200, std::string(request.method_string()) + " " +
                            std::string(request["Content-Length"]) + " " + request.body());
    });
    HttpPool pool(patient());
    const auto answer = [&](std::string method, std::string body) {
        return pool
            .begin({.url = server.url(), .body = std::move(body), .method = std::move(method)})
            .get()
            .value()
            .body;
    };
    EXPECT_EQ(answer("PUT", "object"), "PUT 6 object");
    EXPECT_EQ(answer("PUT", ""), "PUT 0 ");
    EXPECT_EQ(answer("DELETE", ""), "DELETE  ");
    EXPECT_EQ(answer("POST", "x"), "POST 1 x");
}

TEST(HttpPoolRequest, SendsAgainWhatMayBeDoneTwice) {
    TestServer server([](Peer& peer) {
        if (peer.connection() == 1) return peer.close();
        peer.nth() == 1 ? peer.reply(500, "failed") : peer.reply(200, "ok");
    });
    HttpPool pool(patient());
    const auto reply = pool.begin({.url = server.url(), .is_repeatable = true}).get();
    ASSERT_TRUE(reply) << reply.error().message();
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(server.requests(), 3);
    EXPECT_EQ(pool.stats().retries, 2u);
}

TEST(HttpPoolRequest, TellsTheEndBeforeTheFuture) {
    TestServer server([](Peer& peer) { peer.reply(200, "ok"); });
    auto options = patient();
    options.max_in_flight = 1;
    options.queue_limit = 0;
    HttpPool pool(options);
    std::atomic<int> told = 0;
    const auto on_end = [&](const Result<HttpReply>& reply) { told = reply ? 1 : 2; };
    EXPECT_TRUE(pool.begin({.url = server.url(), .on_end = on_end}).get());
    EXPECT_EQ(told, 1);
    TestServer silent([](Peer& peer) { peer.stall(); });
    auto first = pool.begin({.url = silent.url()});
    EXPECT_FALSE(pool.begin({.url = silent.url(), .on_end = on_end}).get());
    EXPECT_EQ(told, 2);
}

TEST(HttpPoolRequest, ADeadlineComesBeforeTheTotalTimeout) {
    TestServer server([](Peer& peer) { peer.stall(); });
    auto options = patient();
    options.server = "the audio store";
    HttpPool pool(options);
    const auto soon = steady_clock::now() + milliseconds(50);
    const auto reply = pool.begin({.url = server.url(), .deadline = soon}).get();
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().context, "the audio store did not answer in time");
}

}  // namespace
}  // namespace tutti::engine
