// SPDX-License-Identifier: Apache-2.0
#include "gateway/handover.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

namespace tutti::gateway {
namespace {

namespace fs = std::filesystem;

class HandoverTest : public testing::Test {
  protected:
    HandoverTest() {
        std::string name = fs::temp_directory_path() / "tutti-handover-XXXXXX";
        folder_ = ::mkdtemp(name.data());
        path_ = folder_ / "7.sock";
    }
    ~HandoverTest() override { fs::remove_all(folder_); }

    UniqueFd bound() {
        UniqueFd socket(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strcpy(address.sun_path, path_.c_str());
        EXPECT_EQ(::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
        return socket;
    }
    // One end is handed over; the other says what became of it.
    static std::pair<UniqueFd, UniqueFd> connection() {
        int ends[2];
        EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
        return {UniqueFd(ends[0]), UniqueFd(ends[1])};
    }

    asio::io_context loop_{1};
    DescriptorReserve reserve_{STDIN_FILENO};
    fs::path folder_;
    fs::path path_;
};

TEST_F(HandoverTest, TheReceiverGetsTheConnectionItself) {
    Handover receiver(loop_, reserve_, bound());
    auto [given, kept] = connection();
    EXPECT_FALSE(receiver.receive());
    ASSERT_TRUE(receiver.send(given.get(), path_));
    given.reset();
    const auto received = receiver.receive();
    ASSERT_TRUE(received);
    EXPECT_FALSE(received->is_last_descriptor);
    EXPECT_EQ(::send(received->socket.get(), "x", 1, 0), 1);
    char byte = 0;
    EXPECT_EQ(::recv(kept.get(), &byte, 1, 0), 1);
    EXPECT_EQ(byte, 'x');
    EXPECT_FALSE(receiver.receive());
}

TEST_F(HandoverTest, SendingFailsAtOnceWhenNobodyOrNoRoomIsThere) {
    Handover sender(loop_, reserve_, bound());
    auto [given, kept] = connection();
    EXPECT_FALSE(sender.send(given.get(), (folder_ / "nobody.sock").string()));
    EXPECT_FALSE(sender.send(given.get(), std::string(500, 'x')));
    int sent = 0;
    while (sent < 100'000 && sender.send(given.get(), path_)) ++sent;
    EXPECT_GT(sent, 0);
    EXPECT_LT(sent, 100'000) << "the queue has an end";
    for (; sent > 0; --sent) EXPECT_TRUE(sender.receive());
    EXPECT_FALSE(sender.receive());
}

TEST_F(HandoverTest, WhatIsQueuedAtTheEndGoesToTheSuccessor) {
    const auto places = bound();
    auto [given, kept] = connection();
    Handover first(loop_, reserve_, UniqueFd(::dup(places.get())));
    ASSERT_TRUE(first.send(given.get(), path_));
    first.close();
    EXPECT_FALSE(first.receive());
    Handover second(loop_, reserve_, UniqueFd(::dup(places.get())));
    EXPECT_TRUE(second.receive());
}

TEST_F(HandoverTest, TheLastDescriptorIsSpentRatherThanTheConnectionLost) {
    Handover receiver(loop_, reserve_, bound());
    auto [given, kept] = connection();
    ASSERT_TRUE(receiver.send(given.get(), path_));
    std::vector<UniqueFd> all;
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const rlimit few{64, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    while (all.emplace_back(::dup(STDIN_FILENO))) {
    }
    const auto received = receiver.receive();
    ::setrlimit(RLIMIT_NOFILE, &before);
    ASSERT_TRUE(received);
    EXPECT_TRUE(received->is_last_descriptor);
    EXPECT_TRUE(reserve_.take_back());
}

}  // namespace
}  // namespace tutti::gateway
