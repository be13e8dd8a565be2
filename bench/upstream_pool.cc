// SPDX-License-Identifier: Apache-2.0
// What kept connections are worth: requests of many callers over one HttpPool, to a server of this
// process that keeps connections, and to one that closes each after its answer.
//
//   upstream_pool [--callers 16] [--seconds 5] [--kib 64]
//
// Exit code 1 when less than 99 % of the requests went over a connection that was there.
#include "engine/upstream/http_pool.h"
#include "engine/upstream/test_server.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdio>
#include <thread>
#include <vector>

namespace {

using namespace tutti::engine;
using Clock = std::chrono::steady_clock;

struct Load {
    int callers = 16;
    int seconds = 5;
    std::size_t kib = 64;  // of a request; an utterance of two seconds
};

void call_until(HttpPool& pool, const std::string& url, const std::string& body,
                Clock::time_point end) {
    while (Clock::now() < end) {
        const auto reply = pool.begin({.url = url, .body = body}).get();
        if (reply && reply->status == 200) continue;
        std::fputs("a request failed\n", stderr);
        std::exit(1);
    }
}

PoolStats measure(const Load& load, TestServer& server) {
    HttpPool pool({.name = "bench"});
    const std::string body(load.kib * 1024, 'x');
    const auto end = Clock::now() + std::chrono::seconds(load.seconds);
    std::vector<std::thread> callers;
    for (int n = 0; n < load.callers; ++n)
        callers.emplace_back([&] { call_until(pool, server.url(), body, end); });
    for (auto& caller : callers) caller.join();
    return pool.stats();
}

double share(std::uint64_t part, std::uint64_t all) {
    return 100.0 * static_cast<double>(part) / static_cast<double>(all);
}

void print(const char* name, const Load& load, const PoolStats& stats) {
    const auto mean =
        static_cast<double>(stats.latency_sum.count()) / static_cast<double>(stats.answered) / 1000;
    fmt::print(
        "{:<14} {:>8.0f} requests/s  {:>7} connections  {:>6.2f} % reused  mean {:.2f} ms  "
        "longest {:.1f} ms\n",
        name, static_cast<double>(stats.answered) / load.seconds, stats.connections,
        share(stats.reused, stats.sent), mean,
        static_cast<double>(stats.latency_max.count()) / 1000);
}

}  // namespace

int main(int argc, char** argv) {
    Load load;
    CLI::App app("Kept connections against a new one for each request");
    app.add_option("--callers", load.callers, "Threads that ask")->check(CLI::Range(1, 64));
    app.add_option("--seconds", load.seconds, "Length of each half")->check(CLI::Range(1, 3600));
    app.add_option("--kib", load.kib, "Size of a request")->check(CLI::Range(1, 65536));
    CLI11_PARSE(app, argc, argv);

    TestServer keeping([](TestServer::Peer& peer) { peer.reply(200, R"({"text":"hello"})"); });
    TestServer closing([](TestServer::Peer& peer) {
        peer.reply(200, R"({"text":"hello"})", "Connection: close\r\n");
        peer.close();
    });
    const auto kept = measure(load, keeping);
    print("kept", load, kept);
    print("new each time", load, measure(load, closing));
    return share(kept.reused, kept.sent) >= 99 ? 0 : 1;
}
