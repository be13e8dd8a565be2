// SPDX-License-Identifier: Apache-2.0
#include "supervisor/activation.h"

#include "supervisor/listeners.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cstdlib>

namespace tutti::supervisor {
namespace {

using testing::HasSubstr;

// Where the passed descriptors begin; nothing else of the test is up there.
constexpr int kFirst = 200;

void set_variables(int pid, const char* count, const char* names) {
    ::setenv("LISTEN_PID", std::to_string(pid).c_str(), 1);
    ::setenv("LISTEN_FDS", count, 1);
    ::unsetenv("LISTEN_FDNAMES");
    if (names) ::setenv("LISTEN_FDNAMES", names, 1);
}

// As systemd does: without close-on-exec, at consecutive numbers.
void pass(int fd, int index) {
    ASSERT_EQ(::dup2(fd, kFirst + index), kFirst + index);
}

std::string error_of(const Result<std::vector<ActivatedSocket>>& result) {
    return result ? "no error" : result.error().message();
}

TEST(Activation, TakesListenersWithNamesAndAddresses) {
    auto made = TcpListeners::open("127.0.0.1", 0, 16);
    ASSERT_TRUE(made);
    pass(*made->at(0), 0);
    pass(*made->at(1), 1);
    set_variables(::getpid(), "2", "web:web2");
    const auto taken = take_activated(kFirst);
    ASSERT_TRUE(taken) << error_of(taken);
    ASSERT_EQ(taken->size(), 2u);
    EXPECT_EQ((*taken)[0].name, "web");
    EXPECT_EQ((*taken)[1].name, "web2");
    EXPECT_EQ((*taken)[0].host, "127.0.0.1");
    EXPECT_EQ((*taken)[1].port, made->port());
    for (const auto& socket : *taken) {
        EXPECT_EQ(::fcntl(socket.fd.get(), F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
        EXPECT_EQ(::fcntl(socket.fd.get(), F_GETFL) & O_NONBLOCK, O_NONBLOCK);
    }
    for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"})
        EXPECT_EQ(std::getenv(name), nullptr) << name;
}

TEST(Activation, WhatIsForAnotherProcessIsLeftAlone) {
    set_variables(1, "2", nullptr);
    const auto taken = take_activated(kFirst);
    ASSERT_TRUE(taken);
    EXPECT_TRUE(taken->empty());
    EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr) << "a child must not take it for its own";
    EXPECT_TRUE(take_activated(kFirst)->empty()) << "without any variable";
}

TEST(Activation, RefusesWhatIsNoTcpListener) {
    int pair[2];
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
    UniqueFd connected(pair[0]), peer(pair[1]);
    UniqueFd udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    UniqueFd idle(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    UniqueFd file(::open("/dev/null", O_RDONLY | O_CLOEXEC));
    for (const int fd : {connected.get(), udp.get(), idle.get(), file.get()}) {
        pass(fd, 0);
        set_variables(::getpid(), "1", "odd");
        EXPECT_THAT(error_of(take_activated(kFirst)), HasSubstr("(odd), which is not a listening"));
    }
    set_variables(::getpid(), "1", nullptr);
    EXPECT_THAT(error_of(take_activated(kFirst)), HasSubstr("(unknown)")) << "nothing open there";
    for (const char* count : {"x", "-1", "", "1000000"}) {
        set_variables(::getpid(), count, nullptr);
        EXPECT_THAT(error_of(take_activated(kFirst)), HasSubstr("LISTEN_FDS")) << count;
    }
}

}  // namespace
}  // namespace tutti::supervisor
