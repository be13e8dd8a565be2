// SPDX-License-Identifier: Apache-2.0
#include "runtime/readable.h"

#include "runtime/child_process.h"
#include "runtime/task_group.h"

#include <boost/asio/post.hpp>
#include <csignal>
#include <gtest/gtest.h>
#include <unistd.h>

#include <memory>
#include <optional>
#include <utility>

namespace tutti::runtime {
namespace {

using Descriptor = asio::posix::stream_descriptor;

// Two descriptors that become readable in one round of the loop. Whoever is told first closes the
// other one, whose record Asio then gives to the next descriptor, with the news for the closed one.
class Readable : public testing::Test {
  protected:
    struct Pipe {
        Descriptor reader;
        UniqueFd writer;
        explicit Pipe(asio::io_context& loop) : reader(loop) {
            int ends[2];
            EXPECT_EQ(::pipe(ends), 0);
            reader.assign(ends[0]);
            writer.reset(ends[1]);
        }
        void write() { EXPECT_EQ(::write(writer.get(), "x", 1), 1); }
    };

    ~Readable() override {
        asio::post(loop_, [this] { tasks_.cancel(); });
        loop_.restart();
        loop_.run();
    }

    // `next` runs right after the other descriptor was closed.
    void after_an_old_event(asio::awaitable<void> next) {
        next_ = std::move(next);
        tasks_.spawn("first", close_other(first_, second_));
        tasks_.spawn("second", close_other(second_, first_));
        loop_.poll();
        first_.write();
        second_.write();
        loop_.poll();
        EXPECT_FALSE(next_) << "neither was told";
    }

    asio::awaitable<void> close_other(Pipe& own, Pipe& other) {
        const auto error = co_await wait_readable(own.reader);
        if (error || !next_) co_return;
        other.reader.close();
        auto next = std::move(*std::exchange(next_, std::nullopt));
        co_await std::move(next);
    }

    asio::awaitable<void> wait_for_third() {
        third_.emplace(loop_);
        is_told_ = !co_await wait_readable(third_->reader);
    }

    asio::awaitable<void> wait_for_child() {
        auto child =
            ChildProcess::start(loop_, {.path = "/bin/sleep", .argv = {"sleep", "20"}, .fds = {}});
        if (!child) co_return;
        child_ = std::make_unique<ChildProcess>(std::move(*child));
        co_await child_->wait();
    }

    asio::io_context loop_;
    TaskGroup tasks_{loop_};
    Pipe first_{loop_}, second_{loop_};
    std::optional<Pipe> third_;
    bool is_told_ = false;
    std::unique_ptr<ChildProcess> child_;
    std::optional<asio::awaitable<void>> next_;
};

TEST_F(Readable, NobodyIsToldOfADescriptorThatIsGone) {
    after_an_old_event(wait_for_third());
    ASSERT_TRUE(third_);
    EXPECT_FALSE(is_told_);
    third_->write();
    loop_.poll();
    EXPECT_TRUE(is_told_);
}

// Reaping it would hold the loop until it ends by itself.
TEST_F(Readable, AChildThatLivesIsNotReaped) {
    after_an_old_event(wait_for_child());
    ASSERT_TRUE(child_);
    EXPECT_FALSE(child_->has_exited());
    child_->signal(SIGKILL);
    while (!child_->has_exited() && loop_.run_one() > 0) {
    }
    EXPECT_TRUE(child_->has_exited());
}

}  // namespace
}  // namespace tutti::runtime
