// SPDX-License-Identifier: Apache-2.0
#include "engine/upstream/http_pool.h"

#include "engine/upstream/test_server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ringbuffer_sink.h>
#include <spdlog/spdlog.h>

namespace tutti::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using std::chrono::steady_clock;
using testing::HasSubstr;
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

Result<HttpReply> post(HttpPool& pool, const std::string& url, std::string body = "question") {
    return pool.begin({.url = url, .headers = {"X-Test: yes"}, .body = std::move(body)}).get();
}

// A port on which nobody listens.
std::string dead_url() {
    return TestServer([](Peer&) {}).url();
}

TEST(HttpPool, CarriesRequestsAndReplies) {
    TestServer server([](Peer& peer) {
        const auto& request = peer.request();
        peer.reply(
            418, std::string(request["X-Test"]) + request.body() + std::string(request["Expect"]));
    });
    HttpPool pool(patient());
    const std::string big(2 << 20, 'x');
    const auto reply = post(pool, server.url(), big);
    ASSERT_TRUE(reply) << reply.error().message();
    EXPECT_EQ(reply->status, 418);
    EXPECT_EQ(reply->body, "yes" + big);
}

TEST(HttpPool, ReusesConnectionsUnderSteadyLoad) {
    TestServer server([](Peer& peer) { peer.reply(200, "ok"); });
    HttpPool pool(patient());
    constexpr int kCallers = 8;
    constexpr int kEach = 250;
    std::vector<std::thread> callers;
    for (int n = 0; n < kCallers; ++n)
        callers.emplace_back([&] {
            for (int i = 0; i < kEach; ++i) EXPECT_TRUE(post(pool, server.url()));
        });
    for (auto& caller : callers) caller.join();
    const auto stats = pool.stats();
    EXPECT_EQ(stats.answered, kCallers * kEach);
    EXPECT_EQ(stats.sent, kCallers * kEach);
    EXPECT_LE(server.connections(), kCallers);
    EXPECT_EQ(stats.connections, server.connections());
    EXPECT_GT(static_cast<double>(stats.reused) / static_cast<double>(stats.sent), 0.99);
    EXPECT_GT(stats.latency_sum.count(), 0);
}

// The ages are so far from the limits that no delay of the machine matters.
TEST(HttpPool, AnIdleConnectionIsReusedUntilItIsTooOld) {
    TestServer server([](Peer& peer) { peer.reply(200, "ok"); });
    auto options = patient();
    HttpPool young(options);
    EXPECT_TRUE(post(young, server.url()));
    EXPECT_TRUE(post(young, server.url()));
    EXPECT_EQ(server.connections(), 1);

    options.idle_limit = seconds(0);
    HttpPool old(options);
    EXPECT_TRUE(post(old, server.url()));
    const auto idle_since = steady_clock::now();
    while (steady_clock::now() - idle_since < milliseconds(1100))
        std::this_thread::sleep_until(idle_since + milliseconds(1100));
    EXPECT_TRUE(post(old, server.url()));
    EXPECT_EQ(server.connections(), 3);
}

TEST(HttpPool, SendsAgainWhatAKeptConnectionSwallowed) {
    TestServer server([](Peer& peer) {
        if (peer.connection() == 1 && peer.nth() == 2) return peer.close();
        peer.reply(200, peer.request().body());
    });
    HttpPool pool(patient());
    EXPECT_TRUE(post(pool, server.url()));
    const auto reply = post(pool, server.url(), "again");
    ASSERT_TRUE(reply) << reply.error().message();
    EXPECT_EQ(reply->body, "again");
    EXPECT_EQ(server.requests(), 3);
}

TEST(HttpPool, AServerThatClosesAfterEveryAnswerLosesNothing) {
    TestServer server([](Peer& peer) {
        peer.reply(200, "ok");  // as if to keep it
        peer.close();
    });
    HttpPool pool(patient());
    for (int i = 0; i < 50; ++i) EXPECT_TRUE(post(pool, server.url())) << i;
}

TEST(HttpPool, NeverSendsTwiceWhatAFreshConnectionMayHaveDelivered) {
    for (const bool is_reset : {false, true}) {
        TestServer server([=](Peer& peer) { is_reset ? peer.reset() : peer.close(); });
        HttpPool pool(patient());
        const auto reply = post(pool, server.url());
        ASSERT_FALSE(reply);
        EXPECT_EQ(reply.error().errc(), Errc::unavailable);
        EXPECT_EQ(reply.error().context, "the upstream server gave no answer");
        EXPECT_EQ(server.requests(), 1);
        EXPECT_EQ(pool.stats().retries, 0u);
    }
}

TEST(HttpPool, AnAnswerThatBreaksOffIsNotAskedForAgain) {
    TestServer server([](Peer& peer) {
        peer.raw("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        peer.close();
    });
    HttpPool pool(patient());
    const auto reply = post(pool, server.url());
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().errc(), Errc::unavailable);
    EXPECT_EQ(reply.error().context, "the upstream server broke off its answer");
    EXPECT_EQ(server.requests(), 1);
}

TEST(HttpPool, NobodyThereIsTriedAgainAndThenUnavailable) {
    HttpPool pool(patient());
    const auto reply = post(pool, dead_url());
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().errc(), Errc::unavailable);
    EXPECT_EQ(reply.error().context, "the upstream server cannot be reached");
    EXPECT_EQ(pool.stats().retries, 3u);
    EXPECT_EQ(pool.stats().reused, 0u);
}

TEST(HttpPool, HonoursRetryAfter) {
    for (const unsigned status : {429u, 503u}) {
        TestServer server([=](Peer& peer) {
            if (peer.nth() == 1) return peer.reply(status, "", "Retry-After: 1\r\n");
            peer.reply(200, "ok");
        });
        HttpPool pool(patient());
        const auto begun = steady_clock::now();
        const auto reply = post(pool, server.url());
        ASSERT_TRUE(reply);
        EXPECT_EQ(reply->status, 200);
        EXPECT_GE(steady_clock::now() - begun, seconds(1));
    }
}

TEST(HttpPool, ARetryAfterBeyondTheTotalTimeIsNotWaitedFor) {
    TestServer server([](Peer& peer) { peer.reply(429, "full", "Retry-After: 3600\r\n"); });
    HttpPool pool(patient());
    const auto reply = post(pool, server.url());
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 429);
    EXPECT_EQ(server.requests(), 1);
}

TEST(HttpPool, WithoutRetryAfterBusyIsTriedAFewTimes) {
    TestServer server([](Peer& peer) { peer.reply(429, "full"); });
    HttpPool pool(patient());
    const auto reply = post(pool, server.url());
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 429);
    EXPECT_EQ(server.requests(), 4);
}

TEST(HttpPool, AFailureOfTheServersIsAnAnswer) {
    TestServer server([](Peer& peer) { peer.reply(500, "oops"); });
    HttpPool pool(patient());
    const auto reply = post(pool, server.url());
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 500);
    EXPECT_EQ(server.requests(), 1);
}

TEST(HttpPool, RedirectsAreNotFollowed) {
    TestServer other([](Peer& peer) { peer.reply(200, "stolen"); });
    TestServer server(
        [&](Peer& peer) { peer.reply(307, "", "Location: " + other.url() + "\r\n"); });
    HttpPool pool(patient());
    const auto reply = post(pool, server.url());
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 307);
    EXPECT_EQ(other.connections(), 0);
}

TEST(HttpPool, SilenceEndsAtTheReadTimeoutAndIsNotRepeated) {
    TestServer server([](Peer& peer) { peer.stall(); });
    auto options = patient();
    options.read_timeout = milliseconds(100);
    HttpPool pool(options);
    const auto reply = post(pool, server.url());
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().errc(), Errc::unavailable);
    EXPECT_EQ(reply.error().context, "the upstream server did not answer in time");
    EXPECT_EQ(pool.stats().sent, 1u);
}

TEST(HttpPool, ATrickleEndsAtTheTotalTimeout) {
    std::atomic<bool> is_over = false;
    TestServer server([&](Peer& peer) {
        peer.raw("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n");
        while (!is_over) {
            peer.raw("x");
            std::this_thread::sleep_for(milliseconds(5));
        }
        peer.close();
    });
    auto options = patient();
    options.total_timeout = milliseconds(300);
    HttpPool pool(options);
    const auto reply = post(pool, server.url());
    is_over = true;
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().errc(), Errc::unavailable);
}

TEST(HttpPool, AnswersAreBounded) {
    TestServer server([](Peer& peer) {
        peer.raw("HTTP/1.1 200 OK\r\n\r\n");
        const std::string block(1 << 16, 'x');
        for (int i = 0; i < 64; ++i) peer.raw(block);
        peer.close();
    });
    auto options = patient();
    options.answer_limit = 1 << 20;
    HttpPool pool(options);
    const auto reply = post(pool, server.url());
    ASSERT_FALSE(reply);
    EXPECT_EQ(reply.error().errc(), Errc::internal);
    EXPECT_THAT(reply.error().context, HasSubstr("too large"));
}

TEST(HttpPool, AskedForTooMuchItRefusesAtOnceAndServesTheRest) {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_open = false;
    TestServer server([&](Peer& peer) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return is_open; });
        peer.reply(200, "ok");
    });
    auto options = patient();
    options.max_in_flight = 2;
    options.queue_limit = 3;
    HttpPool pool(options);
    std::vector<std::future<Result<HttpReply>>> answers;
    for (int i = 0; i < 5; ++i) answers.push_back(pool.begin({.url = server.url()}));
    const auto refused = pool.begin({.url = server.url()}).get();
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().errc(), Errc::busy);
    {
        std::lock_guard lock(mutex);
        is_open = true;
    }
    changed.notify_all();
    for (auto& answer : answers) EXPECT_TRUE(answer.get());
    EXPECT_LE(server.connections(), 2);
    EXPECT_EQ(pool.stats().refused, 1u);
}

TEST(HttpPool, WaitingCountsTowardsTheTotalTimeout) {
    TestServer server([](Peer& peer) { peer.stall(); });
    auto options = patient();
    options.max_in_flight = 1;
    options.total_timeout = milliseconds(200);
    HttpPool pool(options);
    auto first = pool.begin({.url = server.url()});
    auto second = pool.begin({.url = server.url()});
    EXPECT_EQ(first.get().error().errc(), Errc::unavailable);
    // Its time may be over before or just after it got its turn.
    const auto why = second.get().error();
    EXPECT_TRUE(why.errc() == Errc::busy || why.errc() == Errc::unavailable) << why.message();
}

TEST(HttpPool, TellsTheLogWhatThereWas) {
    const auto before = spdlog::default_logger();
    const auto sink = std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(100);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", sink));
    {
        TestServer server([](Peer& peer) { peer.reply(200, "ok"); });
        auto options = patient();
        options.report_interval = milliseconds(1);
        HttpPool pool(options);
        const auto end = steady_clock::now() + seconds(60);
        while (sink->last_raw().empty() && steady_clock::now() < end)
            EXPECT_TRUE(post(pool, server.url()));
    }
    spdlog::set_default_logger(before);
    ASSERT_FALSE(sink->last_raw().empty());
    EXPECT_THAT(sink->last_formatted(1).front(),
                testing::ContainsRegex("upstream=test answered=[0-9]+ failed=0 refused=0 retries=0 "
                                       "sent=[0-9]+ connections=[01] reused=[0-9.]+% "
                                       "latency_ms=[0-9]+ longest_ms=[0-9]+"));
}

TEST(HttpPool, UrgentRequestsOvertakeOthers) {
    std::mutex mutex;
    std::condition_variable changed;
    bool is_open = false;
    std::vector<std::string> order;
    TestServer server([&](Peer& peer) {
        std::unique_lock lock(mutex);
        order.push_back(peer.request().body());
        changed.notify_all();
        changed.wait(lock, [&] { return is_open; });
        peer.reply(200, "ok");
    });
    auto options = patient();
    options.max_in_flight = 1;
    HttpPool pool(options);
    std::vector<std::future<Result<HttpReply>>> answers;
    answers.push_back(pool.begin({.url = server.url(), .body = "first"}));
    {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return !order.empty(); });
    }
    answers.push_back(pool.begin({.url = server.url(), .body = "file"}));
    answers.push_back(pool.begin({.url = server.url(), .body = "speech", .is_urgent = true}));
    {
        std::lock_guard lock(mutex);
        is_open = true;
    }
    changed.notify_all();
    for (auto& answer : answers) EXPECT_TRUE(answer.get());
    EXPECT_THAT(order, testing::ElementsAre("first", "speech", "file"));
}

TEST(HttpPool, TheBreakerOpensAndClosesAgain) {
    std::atomic<bool> is_broken = true;
    TestServer server([&](Peer& peer) { peer.reply(is_broken ? 500 : 200, ""); });
    auto options = patient();
    options.breaker = {.consecutive_failures = 3, .pause = seconds(3600)};
    HttpPool shut(options);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(post(shut, server.url()));
    const auto refused = post(shut, server.url());
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().errc(), Errc::unavailable);
    EXPECT_EQ(refused.error().context, "the upstream server keeps failing");
    EXPECT_EQ(server.requests(), 3);
    EXPECT_EQ(shut.stats().breaker, policy::Breaker::State::open);

    options.breaker.pause = milliseconds(1);
    options.breaker.longest_pause = milliseconds(1);
    HttpPool pool(options);
    for (int i = 0; i < 3; ++i) EXPECT_TRUE(post(pool, server.url()));
    is_broken = false;
    const auto end = steady_clock::now() + seconds(60);
    auto reply = post(pool, server.url());
    while (!reply && steady_clock::now() < end) reply = post(pool, server.url());
    ASSERT_TRUE(reply);
    EXPECT_EQ(reply->status, 200);
    EXPECT_EQ(pool.stats().breaker, policy::Breaker::State::closed);
}

TEST(HttpPool, ItsEndEndsWhatIsUnderWay) {
    TestServer server([](Peer& peer) { peer.stall(); });
    std::vector<std::future<Result<HttpReply>>> answers;
    {
        auto options = patient();
        options.max_in_flight = 2;
        HttpPool pool(options);
        for (int i = 0; i < 4; ++i) answers.push_back(pool.begin({.url = server.url()}));
    }
    for (auto& answer : answers) EXPECT_EQ(answer.get().error().errc(), Errc::canceled);
}

}  // namespace
}  // namespace tutti::engine
