// SPDX-License-Identifier: Apache-2.0
// scribe::run() as the supervisor meets it: a process of its own with inherited descriptors. The
// process is this test program, which runs the disabled test below.
#include "base/exit_code.h"
#include "scribe/scribe_fixture.h"

#include <gtest/gtest.h>

namespace tutti::scribe {
namespace {

constexpr std::size_t kSlot = 3;

TEST(ScribeRole, DISABLED_IsTheChild) {
    std::_Exit(run(config::Config{.program_dir = program_dir()}, kSlot));
}

struct RoleTest : testing::Test {
    asio::io_context loop{1};
    TempFolder folder;
    std::string path = folder.path / "scribe.sock";
    runtime::Scoreboard board = runtime::Scoreboard::create().value();
    UnixAcceptor listener = listen_at(loop, path);
    std::optional<runtime::IpcChannel> channel;
    std::optional<runtime::ChildProcess> child;
    runtime::ExitStatus status{.code = -1};
    runtime::TaskGroup tasks{loop};

    asio::awaitable<void> start() {
        runtime::UnixSocket ours(loop), theirs(loop);
        asio::local::connect_pair(ours, theirs);
        ::fcntl(ours.native_handle(), F_SETFD, FD_CLOEXEC);
        child.emplace(runtime::ChildProcess::start(
                          loop, {.path = "/proc/self/exe",
                                 .argv = {"scribe_test", "--gtest_also_run_disabled_tests",
                                          "--gtest_filter=ScribeRole.DISABLED_IsTheChild"},
                                 .fds = {{theirs.native_handle(), runtime::kChannelFd},
                                         {listener.native_handle(), runtime::kListenerFd},
                                         {board.fd(), runtime::kScoreboardFd}}})
                          .value());
        theirs.close();
        channel.emplace(std::move(ours), runtime::IpcChannel::Limits{});
        tasks.spawn("writer", channel->run_writer());
        EXPECT_FALSE(co_await channel->fill());
        const auto body = channel->next();
        EXPECT_TRUE(body && proto::decode<proto::ToSupervisor>(*body)) << "not ready";
    }
    asio::awaitable<void> wait() {
        status = co_await child->wait();
        channel->close();
    }
    void run(asio::awaitable<void> body) {
        tasks.spawn("test", std::move(body));
        loop.run_for(std::chrono::seconds(30));
        loop.stop();
    }
};

asio::awaitable<void> serve_then_drain(RoleTest& role) {
    co_await role.start();
    EXPECT_EQ(role.board.slots()[kSlot].phase, runtime::Phase::ready);
    const auto file = wav_file({}, std::chrono::seconds(10));
    Client client(role.loop, role.path, file.get());
    co_await client.finish();
    EXPECT_TRUE(client.done && client.done->duration == std::chrono::seconds(10));
    role.channel->post(proto::Drain{});
    co_await role.wait();
}

TEST_F(RoleTest, ServesUntilDrained) {
    run(serve_then_drain(*this));
    EXPECT_TRUE(status.is_clean()) << status.describe();
    EXPECT_EQ(board.slots()[kSlot].get(runtime::Metric::jobs_done), 1);
}

asio::awaitable<void> lose_the_parent(RoleTest& role) {
    co_await role.start();
    const auto file = wav_file(DigitFile(2).samples);
    Client client(role.loop, role.path, file.get());
    while (client.progress.empty()) {
        const auto message = co_await client.next();
        EXPECT_TRUE(message);
        if (!message) co_return;
    }
    role.channel->close();
    co_await client.finish();
    EXPECT_FALSE(client.done || client.rejected);
    co_await role.wait();
}

TEST_F(RoleTest, EndsAtOnceWhenTheSupervisorIsGone) {
    run(lose_the_parent(*this));
    EXPECT_EQ(status.code, exit_code::lost_parent) << status.describe();
}

}  // namespace
}  // namespace tutti::scribe
