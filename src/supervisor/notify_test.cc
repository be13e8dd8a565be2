// SPDX-License-Identifier: Apache-2.0
#include "supervisor/notify.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <filesystem>

namespace tutti::supervisor {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;
using testing::MatchesRegex;

// systemd's end.
class Manager {
  public:
    explicit Manager(const std::string& name) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, name.data(), name.size());
        if (name[0] == '@') address.sun_path[0] = '\0';
        const auto size = offsetof(sockaddr_un, sun_path) + name.size() + (name[0] == '@' ? 0 : 1);
        socket_.reset(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
        EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address),
                         static_cast<socklen_t>(size)),
                  0);
        ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    }
    // The next datagram, empty when there is none.
    std::string next() const {
        std::string text(8192, '\0');
        const auto n = ::recv(socket_.get(), text.data(), text.size(), 0);
        text.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
        return text;
    }

  private:
    UniqueFd socket_;
};

std::string abstract_name() {
    return "@tutti-notify-test-" + std::to_string(::getpid());
}

TEST(Notify, SaysWhatSystemdUnderstands) {
    const Manager manager(abstract_name());
    auto notify = Notify::from_environment();
    EXPECT_TRUE(notify.is_active());
    notify.ready("2 gateways\nSTOPPING=1");
    EXPECT_EQ(manager.next(), "READY=1\nSTATUS=2 gateways STOPPING=1\n");
    notify.status("loading");
    EXPECT_EQ(manager.next(), "STATUS=loading\n");
    notify.stopping();
    EXPECT_EQ(manager.next(), "STOPPING=1\n");
    notify.main_pid(42);
    EXPECT_EQ(manager.next(), "MAINPID=42\n");
    notify.watchdog();
    EXPECT_EQ(manager.next(), "WATCHDOG=1\n");
    notify.extend_timeout(30s);
    EXPECT_EQ(manager.next(), "EXTEND_TIMEOUT_USEC=30000000\n");
}

TEST(Notify, AReloadTellsTheMonotonicTimeOfItsBeginning) {
    const Manager manager(abstract_name());
    auto notify = Notify::from_environment();
    timespec before{};
    ::clock_gettime(CLOCK_MONOTONIC, &before);
    notify.reloading();
    const auto text = manager.next();
    ASSERT_THAT(text, MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+\n"));
    const auto told = std::atoll(text.c_str() + text.rfind('=') + 1);
    const auto first = before.tv_sec * 1'000'000LL + before.tv_nsec / 1000;
    EXPECT_GE(told, first);
    EXPECT_LT(told, first + 10'000'000);
}

TEST(Notify, AlsoFindsASocketInTheFileSystem) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("notify-test-" + std::to_string(::getpid()) + ".sock");
    const Manager manager(path);
    auto notify = Notify::from_environment();
    notify.watchdog();
    std::filesystem::remove(path);
    EXPECT_EQ(manager.next(), "WATCHDOG=1\n");
}

TEST(Notify, TakesItsVariablesOutOfTheEnvironment) {
    const Manager manager(abstract_name());
    ::setenv("WATCHDOG_USEC", "20000000", 1);
    ::setenv("WATCHDOG_PID", std::to_string(::getpid()).c_str(), 1);
    const auto notify = Notify::from_environment();
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"})
        EXPECT_EQ(std::getenv(name), nullptr) << name;
    EXPECT_EQ(notify.watchdog_interval(), 20s);
    EXPECT_THAT(notify.environment_of_successor(),
                ElementsAre("NOTIFY_SOCKET=" + abstract_name(), "WATCHDOG_USEC=20000000"));
}

TEST(Notify, TheWatchdogOfAnotherProcessIsNotOurs) {
    const Manager manager(abstract_name());
    ::setenv("WATCHDOG_USEC", "20000000", 1);
    ::setenv("WATCHDOG_PID", "1", 1);
    EXPECT_EQ(Notify::from_environment().watchdog_interval(), std::nullopt);
    ::setenv("NOTIFY_SOCKET", abstract_name().c_str(), 1);
    ::setenv("WATCHDOG_USEC", "soon", 1);
    EXPECT_EQ(Notify::from_environment().watchdog_interval(), std::nullopt);
}

TEST(Notify, DoesNothingWithoutASystemdThatListens) {
    ::unsetenv("NOTIFY_SOCKET");
    auto absent = Notify::from_environment();
    EXPECT_FALSE(absent.is_active());
    absent.ready("x");
    EXPECT_THAT(absent.environment_of_successor(), IsEmpty());
    const auto overlong = "/" + std::string(200, 'x');
    for (const auto& address : {std::string("vsock:2:1234"), overlong}) {
        ::setenv("NOTIFY_SOCKET", address.c_str(), 1);
        EXPECT_FALSE(Notify::from_environment().is_active()) << address;
    }
    ::setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
    Notify::from_environment().ready("x");
}

TEST(Notify, AChangeOfStateThatDidNotFitIsSentLaterAndNothingIsWaitedFor) {
    const Manager manager(abstract_name());
    auto notify = Notify::from_environment();
    for (int i = 0; i < 10'000; ++i) notify.watchdog();  // more than any queue holds
    notify.ready("at last");
    notify.watchdog();
    for (std::string text = "x"; !text.empty(); text = manager.next())
        EXPECT_THAT(text, testing::AnyOf("x", "WATCHDOG=1\n"));
    notify.watchdog();
    EXPECT_EQ(manager.next(), "READY=1\nSTATUS=at last\nWATCHDOG=1\n");
    notify.watchdog();
    EXPECT_EQ(manager.next(), "WATCHDOG=1\n");
}

}  // namespace
}  // namespace tutti::supervisor
