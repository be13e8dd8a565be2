// SPDX-License-Identifier: Apache-2.0
#include "proto/engine_messages.h"
#include "proto/job_messages.h"
#include "runtime/blocking_pool.h"
#include "runtime/child_process.h"
#include "runtime/ipc_channel.h"
#include "runtime/process_facts.h"
#include "runtime/scoreboard.h"
#include "runtime/task_group.h"
#include "runtime/thread_times.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/connect_pair.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <csignal>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <thread>

namespace tutti::runtime {
namespace {

constexpr auto use_result = asio::as_tuple(asio::use_awaitable);

// Runs a coroutine to its end; fails the test if it takes longer than a generous deadline.
void run_test(asio::io_context& loop, asio::awaitable<void> body) {
    bool is_done = false;
    TaskGroup tasks(loop);
    auto wrapper = [](asio::awaitable<void> inner, bool& done) -> asio::awaitable<void> {
        co_await std::move(inner);
        done = true;
    };
    tasks.spawn("test", wrapper(std::move(body), is_done));
    loop.run_for(std::chrono::seconds(20));
    loop.stop();
    EXPECT_TRUE(is_done) << "the test did not finish";
}

std::pair<UnixSocket, UnixSocket> socket_pair(asio::io_context& loop) {
    UnixSocket a(loop), b(loop);
    asio::local::connect_pair(a, b);
    return {std::move(a), std::move(b)};
}

asio::awaitable<void> sleep_for_ever(asio::io_context& loop, bool& was_cancelled) {
    asio::steady_timer timer(loop, asio::steady_timer::time_point::max());
    auto [error] = co_await timer.async_wait(use_result);
    was_cancelled = error == asio::error::operation_aborted;
}

asio::awaitable<void> throw_it() {
    throw std::runtime_error("expected by a test");
    co_return;
}

asio::awaitable<void> cancel_and_wait(TaskGroup& tasks) {
    tasks.cancel();
    co_await tasks.wait();
}

TEST(TaskGroup, CancelEndsEveryTaskAndWaitReturns) {
    asio::io_context loop;
    TaskGroup tasks(loop);
    bool first = false, second = false;
    tasks.spawn("first", sleep_for_ever(loop, first));
    tasks.spawn("second", sleep_for_ever(loop, second));
    tasks.spawn("thrower", throw_it());
    run_test(loop, cancel_and_wait(tasks));
    EXPECT_TRUE(first && second);
    EXPECT_EQ(tasks.size(), 0u);
}

asio::awaitable<void> send_and_receive(UnixSocket a, UnixSocket b, asio::io_context& loop) {
    IpcChannel left(std::move(a), {}), right(std::move(b), {});
    TaskGroup tasks(loop);
    tasks.spawn("writer", left.run_writer());
    const std::string pcm(100'000, 'x');
    for (std::int64_t i = 0; i < 50; ++i) left.post(proto::Audio{{1, 1}, i, pcm});
    for (std::int64_t expected = 0; expected < 50;) {
        while (auto body = right.next()) {
            const auto message = proto::decode<proto::ToEngine>(*body);
            EXPECT_EQ(std::get<proto::Audio>(message.value()).first_sample, expected++);
        }
        if (expected == 50) break;
        EXPECT_FALSE(co_await right.fill());
    }
    left.close_when_written();
    co_await tasks.wait();
    EXPECT_TRUE(co_await right.fill());
}

TEST(IpcChannel, DeliversManyLargeFramesInOrderThenEndOfFile) {
    asio::io_context loop;
    auto [a, b] = socket_pair(loop);
    run_test(loop, send_and_receive(std::move(a), std::move(b), loop));
}

TEST(IpcChannel, AFrameOverTheLimitBreaksTheChannel) {
    asio::io_context loop;
    auto [a, b] = socket_pair(loop);
    const std::string header("\xff\xff\xff\x7f", 4);
    asio::write(a, asio::buffer(header));
    IpcChannel channel(std::move(b), {.frame = 1000});
    auto body = [](IpcChannel& c) -> asio::awaitable<void> {
        EXPECT_FALSE(co_await c.fill());
        EXPECT_FALSE(c.next());
        EXPECT_TRUE(c.is_broken());
    };
    run_test(loop, body(channel));
}

TEST(IpcChannel, APeerThatDoesNotReadIsGivenUp) {
    asio::io_context loop;
    auto [a, b] = socket_pair(loop);
    IpcChannel channel(std::move(a), {.outbox = 10'000});
    for (int i = 0; i < 20 && !channel.is_closed(); ++i)
        channel.post(proto::Audio{{1, 1}, i, std::string(1000, 'x')});
    EXPECT_TRUE(channel.is_closed());
}

TEST(FdPassing, AJobTravelsWithItsFile) {
    asio::io_context loop;
    auto [a, b] = socket_pair(loop);
    UniqueFd file(::memfd_create("test", MFD_CLOEXEC));
    ASSERT_EQ(::write(file.get(), "hello", 5), 5);
    std::string frame;
    proto::append_frame(frame, proto::Submit{"j1", "tone", proto::Millis(5)});
    ASSERT_TRUE(send_with_fd(a, frame, file.get()));
    auto body = [](UnixSocket& socket) -> asio::awaitable<void> {
        auto received = co_await receive_with_fd(socket, proto::kMaxJobFrame);
        EXPECT_TRUE(received);
        if (!received) co_return;
        char text[8] = {};
        EXPECT_EQ(::pread(received->second.get(), text, sizeof text, 0), 5);
        EXPECT_STREQ(text, "hello");
    };
    run_test(loop, body(b));
}

TEST(FdPassing, ALongJobArrivesWhole) {
    asio::io_context loop;
    auto [a, b] = socket_pair(loop);
    UniqueFd file(::memfd_create("test", MFD_CLOEXEC));
    std::string frame;
    proto::append_frame(
        frame, proto::Submit{"j1", "en-us", proto::Millis(5), std::string(proto::kMaxText, 'a')});
    ASSERT_TRUE(send_with_fd(a, frame, file.get()));
    std::string received_frame;
    auto body = [](UnixSocket& socket, std::string& out) -> asio::awaitable<void> {
        auto received = co_await receive_with_fd(socket, proto::kMaxJobFrame);
        EXPECT_TRUE(received);
        if (received) out = std::move(received->first);
    };
    run_test(loop, body(b, received_frame));
    EXPECT_EQ(received_frame, frame);
}

TEST(BlockingPool, ReturnsTheResultOnTheLoop) {
    asio::io_context loop;
    BlockingPool pool(2);
    auto body = [](BlockingPool& p) -> asio::awaitable<void> {
        const auto here = std::this_thread::get_id();
        std::thread::id there;
        const int sum = co_await p.run([&there] {
            there = std::this_thread::get_id();
            return 42;
        });
        EXPECT_EQ(sum, 42);
        EXPECT_NE(there, here);
        EXPECT_EQ(std::this_thread::get_id(), here);
    };
    run_test(loop, body(pool));
}

TEST(ChildProcess, TellsExitCodesAndSignalsAndPassesDescriptors) {
    asio::io_context loop;
    auto body = [](asio::io_context& l) -> asio::awaitable<void> {
        int pipe_fds[2];
        EXPECT_EQ(::pipe2(pipe_fds, O_CLOEXEC), 0);
        UniqueFd reader(pipe_fds[0]), writer(pipe_fds[1]);
        auto echo = ChildProcess::start(
            l, {"/bin/sh", {"sh", "-c", "echo $$ >&7; exit 3"}, {{writer.get(), 7}}});
        EXPECT_TRUE(echo);
        const auto status = co_await echo->wait();
        EXPECT_EQ(status.code, 3);
        char text[32] = {};
        EXPECT_GT(::read(reader.get(), text, sizeof text - 1), 0);
        EXPECT_EQ(std::atoi(text), echo->pid());

        auto sleeper = ChildProcess::start(l, {"/bin/sleep", {"sleep", "1000"}, {}});
        sleeper->signal(SIGKILL);
        EXPECT_EQ((co_await sleeper->wait()).signal, SIGKILL);
        EXPECT_NE((co_await sleeper->wait()).describe().find("Killed"), std::string::npos);
    };
    run_test(loop, body(loop));
    EXPECT_FALSE(ChildProcess::start(loop, {"/nonexistent", {"x"}, {}}));
}

TEST(ChildProcess, InheritsNoDescriptorButThoseNamed) {
    asio::io_context loop;
    auto body = [](asio::io_context& l) -> asio::awaitable<void> {
        auto [a, b] = socket_pair(l);  // Asio opens these without close-on-exec
        int pipe_fds[2];
        EXPECT_EQ(::pipe2(pipe_fds, O_CLOEXEC), 0);
        UniqueFd reader(pipe_fds[0]), writer(pipe_fds[1]);
        // The shell expands the pattern itself, so no helper's descriptors are among them.
        auto lister = ChildProcess::start(
            l, {"/bin/sh", {"sh", "-c", "cd /proc/$$/fd && echo * >&7"}, {{writer.get(), 7}}});
        EXPECT_TRUE(lister);
        EXPECT_TRUE((co_await lister->wait()).is_clean());
        std::string text(256, '\0');
        text.resize(static_cast<std::size_t>(::read(reader.get(), text.data(), text.size())));
        for (int number : {a.native_handle(), b.native_handle()})
            EXPECT_EQ((" " + text).find(" " + std::to_string(number) + " "), std::string::npos)
                << text;
    };
    run_test(loop, body(loop));
}

TEST(ChildProcess, GetsTheEnvironmentNamedAndNoOther) {
    asio::io_context loop;
    ::setenv("TUTTI_TEST_OURS", "1", 1);
    auto body = [](asio::io_context& l) -> asio::awaitable<void> {
        int pipe_fds[2];
        EXPECT_EQ(::pipe2(pipe_fds, O_CLOEXEC), 0);
        UniqueFd reader(pipe_fds[0]), writer(pipe_fds[1]);
        SpawnSpec spec{"/usr/bin/env", {"env"}, {{writer.get(), STDOUT_FILENO}}};
        spec.environment = {"A=1", "B=two words"};
        auto named = ChildProcess::start(l, spec);
        EXPECT_TRUE(named);
        EXPECT_TRUE((co_await named->wait()).is_clean());
        spec.environment->clear();
        auto none = ChildProcess::start(l, spec);
        EXPECT_TRUE(none);
        EXPECT_TRUE((co_await none->wait()).is_clean());
        std::string text(256, '\0');
        text.resize(static_cast<std::size_t>(::read(reader.get(), text.data(), text.size())));
        EXPECT_EQ(text, "A=1\nB=two words\n");
        auto ours = ChildProcess::start(l, {"/bin/sh", {"sh", "-c", "exit $TUTTI_TEST_OURS"}, {}});
        EXPECT_TRUE(ours);
        EXPECT_EQ((co_await ours->wait()).code, 1);
    };
    run_test(loop, body(loop));
    ::unsetenv("TUTTI_TEST_OURS");
}

TEST(ChildProcess, IsKilledAndReapedWithItsOwner) {
    asio::io_context loop;
    pid_t pid = 0;
    {
        auto child = ChildProcess::start(loop, {"/bin/sleep", {"sleep", "1000"}, {}});
        ASSERT_TRUE(child);
        pid = child->pid();
    }
    EXPECT_EQ(::kill(pid, 0), -1);
}

TEST(Scoreboard, IsSharedThroughItsDescriptor) {
    auto board = Scoreboard::create();
    ASSERT_TRUE(board);
    auto other = Scoreboard::attach(UniqueFd(::dup(board->fd())));
    ASSERT_TRUE(other);
    board->slot(3).add(Metric::live_finals, 5);
    board->slot(3).add(Metric::websockets, 2);
    EXPECT_EQ(other->slots()[3].get(Metric::live_finals), 5);
    other->slot(3).zero_gauges();
    EXPECT_EQ(board->slot(3).get(Metric::websockets), 0);
    EXPECT_EQ(board->slot(3).get(Metric::live_finals), 5);
    EXPECT_NE(::ftruncate(board->fd(), 0), 0) << "must be sealed";
}

TEST(Scoreboard, RefusesAForeignSize) {
    UniqueFd fd(::memfd_create("small", MFD_CLOEXEC));
    EXPECT_FALSE(Scoreboard::attach(std::move(fd)));
}

TEST(ThreadTimes, AreThoseOfTheKernel) {
    const auto before = runtime::times_of(::getpid(), ::gettid());
    if (!before) GTEST_SKIP() << "this kernel keeps no schedstat";
    EXPECT_EQ(before->state, 'R');
    std::optional<ThreadTimes> after = before;
    while (after->running < before->running + std::chrono::milliseconds(5))
        after = runtime::times_of(::getpid(), ::gettid());
    EXPECT_GE(after->waiting, before->waiting);
    EXPECT_FALSE(runtime::times_of(::getpid(), 0));
}

// What is this process's alone counts whole; what a child shares with it counts once. How much of
// the program itself counts as ours changes with whoever else runs it: so bounds, not differences.
TEST(ProcessFacts, TheMemoryOfAGroupIsThatOfItsProcesses) {
    ::setpgid(0, 0);
    const pid_t group = ::getpgrp();
    constexpr std::size_t kBytes = 256 << 20;
    const auto memory = [&] { return memory_of_groups({group})[group]; };
    const auto before = memory();
    EXPECT_GT(before, 0u);
    ASSERT_LT(before, kBytes);
    const std::vector<char> more(kBytes, 'x');
    const auto alone = memory();
    EXPECT_GE(alone, kBytes) << more.back();
    int pipe[2];
    ASSERT_EQ(::pipe(pipe), 0);
    const pid_t child = ::fork();
    if (child == 0) {
        char byte;
        ::close(pipe[1]);
        ::_exit(static_cast<int>(::read(pipe[0], &byte, 1)));
    }
    EXPECT_GE(memory(), kBytes);
    EXPECT_LT(memory(), alone + kBytes / 2) << "shared pages are counted once";
    ::close(pipe[1]);
    ::waitpid(child, nullptr, 0);
    ::close(pipe[0]);
    EXPECT_TRUE(memory_of_groups({1 << 30}).empty()) << "no such group";
}

}  // namespace
}  // namespace tutti::runtime
