// SPDX-License-Identifier: Apache-2.0
#include "supervisor/listeners.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

namespace tutti::supervisor {
namespace {

UniqueFd connect_to(std::uint16_t port) {
    UniqueFd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    return fd;
}

// Connections that wait at a listener; they are accepted and closed.
int drain(int listener) {
    int count = 0;
    for (;;) {
        const UniqueFd fd(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (!fd) return count;
        ++count;
    }
}

TEST(TcpListeners, ShareOnePortAndRefuseATakenOne) {
    auto first = TcpListeners::open("127.0.0.1", 0, 16);
    ASSERT_TRUE(first);
    EXPECT_NE(first->port(), 0);
    ASSERT_TRUE(first->at(2));
    EXPECT_EQ(first->sockets().size(), 3u);
    const auto second = TcpListeners::open("127.0.0.1", first->port(), 16);
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().code, std::errc::address_in_use);
    EXPECT_FALSE(TcpListeners::open("not an address", 0, 16));
}

TEST(TcpListeners, AListenerGetsNothingMoreOnceTheOthersAreSteeredTo) {
    auto listeners = TcpListeners::open("127.0.0.1", 0, 256);
    ASSERT_TRUE(listeners);
    for (std::size_t i = 0; i < 3; ++i) ASSERT_TRUE(listeners->at(i));
    const auto counts_after = [&](std::size_t steered, int clients) {
        listeners->steer_to(steered);
        for (int i = 0; i < clients; ++i) connect_to(listeners->port());
        std::vector<int> counts;
        for (std::size_t i = 0; i < listeners->sockets().size(); ++i)
            counts.push_back(drain(*listeners->at(i)));
        return counts;
    };
    for (int count : counts_after(3, 150)) EXPECT_GT(count, 20);
    auto counts = counts_after(2, 100);
    EXPECT_EQ(counts[2], 0);
    EXPECT_EQ(counts[0] + counts[1], 100);
    EXPECT_GT(counts[0], 15);
    EXPECT_GT(counts[1], 15);
    listeners->close_from(2);
    EXPECT_EQ(listeners->sockets().size(), 2u);
    counts = counts_after(1, 30);
    EXPECT_EQ(counts[0], 30);
    // And back again.
    ASSERT_TRUE(listeners->at(2));
    for (int count : counts_after(3, 150)) EXPECT_GT(count, 20);
}

TEST(TcpListeners, TheSocketsOfAPredecessorAreGoneOnWith) {
    auto old = TcpListeners::open("127.0.0.1", 0, 16);
    ASSERT_TRUE(old);
    std::vector<UniqueFd> sockets;
    sockets.emplace_back(::dup(*old->at(0)));
    auto taken = TcpListeners::adopt(std::move(sockets), TcpListeners::Origin::own, 16);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->port(), old->port());
    EXPECT_EQ(taken->host_of_url(), "127.0.0.1");
    ASSERT_TRUE(taken->at(1)) << "the address is shared with the predecessor";
}

TEST(TcpListeners, SystemdsSocketIsSharedByAllGateways) {
    auto made = TcpListeners::open("127.0.0.1", 0, 16);
    ASSERT_TRUE(made);
    std::vector<UniqueFd> sockets;
    sockets.emplace_back(::dup(*made->at(0)));
    auto taken = TcpListeners::adopt(std::move(sockets), TcpListeners::Origin::systemd, 16);
    ASSERT_TRUE(taken);
    EXPECT_EQ(*taken->at(0), *taken->at(3));
    EXPECT_EQ(taken->least_gateways(), 1u);
    taken->close_from(1);
    EXPECT_EQ(taken->sockets().size(), 1u);
}

TEST(TcpListeners, EachOfSystemdsSocketsNeedsAGateway) {
    auto made = TcpListeners::open("127.0.0.1", 0, 16);
    ASSERT_TRUE(made);
    EXPECT_EQ(made->least_gateways(), 1u);
    std::vector<UniqueFd> sockets;
    for (int i = 0; i < 3; ++i) sockets.emplace_back(::dup(*made->at(0)));
    auto taken = TcpListeners::adopt(std::move(sockets), TcpListeners::Origin::systemd, 16);
    ASSERT_TRUE(taken);
    EXPECT_EQ(taken->least_gateways(), 3u);
}

}  // namespace
}  // namespace tutti::supervisor
