// SPDX-License-Identifier: Apache-2.0
#include "gateway/refuser.h"

#include "runtime/task_group.h"

#include <boost/asio/ip/tcp.hpp>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <string>
#include <vector>

namespace tutti::gateway {
namespace {

using asio::ip::tcp;

class RefuserTest : public testing::Test {
  protected:
    struct Ends {
        tcp::socket client;
        UniqueFd server;
    };
    Ends connect() {
        tcp::socket client(loop_);
        client.connect(listener_.local_endpoint());
        auto accepted = listener_.accept();
        accepted.non_blocking(true);
        return {std::move(client), UniqueFd(accepted.release())};
    }
    static std::string read_all(tcp::socket& client) {
        std::string text;
        char piece[512];
        boost::system::error_code error;
        while (const auto n = client.read_some(asio::buffer(piece), error)) text.append(piece, n);
        return error == asio::error::eof ? text : error.message();
    }
    void run_until_done() {
        runtime::TaskGroup tasks(loop_);
        tasks.spawn("refuser", refuser_.run());
        while (!refuser_.is_done()) loop_.run_one();
        loop_.stop();
    }

    asio::io_context loop_{1};
    tcp::acceptor listener_{loop_, {asio::ip::address_v4::loopback(), 0}};
    Refuser refuser_{loop_};
};

TEST_F(RefuserTest, AClientThatIsStillSendingReadsTheWholeAnswer) {
    auto [client, server] = connect();
    const std::string request(100'000, 'x');
    client.non_blocking(true);
    boost::system::error_code full;
    (void)client.write_some(asio::buffer(request), full);
    client.non_blocking(false);
    refuser_.refuse(std::move(server));
    EXPECT_FALSE(refuser_.is_done());
    const auto answer = read_all(client);
    EXPECT_TRUE(answer.starts_with("HTTP/1.1 503 ")) << answer;
    EXPECT_NE(answer.find("\r\nRetry-After: 1\r\n"), std::string::npos);
    EXPECT_NE(answer.find("\r\nConnection: close\r\n"), std::string::npos);
    EXPECT_NE(answer.find("\"code\":\"busy\""), std::string::npos);
    client.close();
    run_until_done();
}

TEST_F(RefuserTest, AClientThatNeverClosesIsKeptForAMomentOnly) {
    auto [client, server] = connect();
    refuser_.refuse(std::move(server));
    const auto began = std::chrono::steady_clock::now();
    run_until_done();
    EXPECT_GE(std::chrono::steady_clock::now() - began, Refuser::kLinger);
}

TEST_F(RefuserTest, MoreThanItKeepsAreAnsweredAndClosedAtOnce) {
    std::vector<tcp::socket> clients;
    for (std::size_t n = 0; n < Refuser::kSlots + 20; ++n) {
        auto [client, server] = connect();
        refuser_.refuse(std::move(server));
        clients.push_back(std::move(client));
    }
    for (auto& client : clients) EXPECT_TRUE(read_all(client).starts_with("HTTP/1.1 503 "));
    clients.clear();
    run_until_done();
}

}  // namespace
}  // namespace tutti::gateway
