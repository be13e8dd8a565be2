// SPDX-License-Identifier: Apache-2.0
#include "supervisor/pidfile.h"

#include <csignal>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace tutti::supervisor {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

class PidfileTest : public testing::Test {
  protected:
    PidfileTest() {
        std::string name = (fs::temp_directory_path() / "pidfile-test-XXXXXX").string();
        folder = ::mkdtemp(name.data());
        path = folder / "tutti.pid";
    }
    ~PidfileTest() override { fs::remove_all(folder); }

    std::string content() const {
        std::ifstream in(path);
        return {std::istreambuf_iterator<char>(in), {}};
    }
    static std::string own_line() { return std::to_string(::getpid()) + "\n"; }

    fs::path folder, path;
};

// Another server: holds the pidfile until it is killed.
class Server {
  public:
    explicit Server(const std::string& path, bool writes = true) {
        int ends[2];
        EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
        UniqueFd reader(ends[0]), writer(ends[1]);
        pid_ = ::fork();
        if (pid_ == 0) {
            auto pidfile = Pidfile::take(path);
            if (!pidfile || (writes && !pidfile->write())) ::_exit(1);
            [[maybe_unused]] const auto n = ::write(writer.get(), "x", 1);
            for (;;) ::pause();
        }
        writer.reset();
        char byte = 0;
        EXPECT_EQ(::read(reader.get(), &byte, 1), 1) << "the other server could not start";
    }
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;
    ~Server() { kill(); }
    void kill() {
        if (pid_ == 0) return;
        ::kill(pid_, SIGKILL);
        ::waitpid(pid_, nullptr, 0);
        pid_ = 0;
    }
    pid_t pid() const { return pid_; }

  private:
    pid_t pid_ = 0;
};

TEST_F(PidfileTest, IsThereFromWriteToTheEndAndReadableByAll) {
    {
        auto pidfile = Pidfile::take(path);
        ASSERT_TRUE(pidfile) << pidfile.error().message();
        EXPECT_FALSE(fs::exists(path)) << "before it is ready";
        const auto mask = ::umask(0077);
        EXPECT_TRUE(pidfile->write());
        ::umask(mask);
        EXPECT_EQ(content(), own_line());
        struct stat info {};
        ASSERT_EQ(::stat(path.c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777, 0644u);
        EXPECT_TRUE(pidfile->write()) << "again";
    }
    EXPECT_FALSE(fs::exists(path));
    EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 1) << "only the lock stays";
    EXPECT_TRUE(Pidfile::take(path)) << "and blocks nobody";
}

TEST_F(PidfileTest, AnotherLiveServerIsNamed) {
    for (const bool is_ready : {false, true}) {
        const Server other(path, is_ready);
        const auto mine = Pidfile::take(path);
        ASSERT_FALSE(mine);
        EXPECT_EQ(mine.error().errc(), Errc::busy);
        EXPECT_THAT(mine.error().message(), HasSubstr("pid " + std::to_string(other.pid())));
        EXPECT_EQ(fs::exists(path), is_ready);
    }
}

TEST_F(PidfileTest, WhatAKilledServerLeftIsTakenOver) {
    Server other(path);
    other.kill();
    EXPECT_TRUE(fs::exists(path));
    auto mine = Pidfile::take(path);
    ASSERT_TRUE(mine);
    EXPECT_TRUE(mine->write());
    EXPECT_EQ(content(), own_line());
}

TEST_F(PidfileTest, ANumberThatSomebodyElseHasNowDoesNotMatter) {
    std::ofstream(path) << ::getppid() << "\n";
    std::ofstream(path.string() + ".lock") << "1\n";
    EXPECT_TRUE(Pidfile::take(path));
    EXPECT_TRUE(fs::exists(path)) << "not ours, so not removed";
}

TEST_F(PidfileTest, GarbageIsOverwritten) {
    std::ofstream(path) << "no number\n";
    std::ofstream(path.string() + ".lock") << std::string(100, 'x');
    auto mine = Pidfile::take(path);
    ASSERT_TRUE(mine);
    EXPECT_TRUE(mine->write());
    EXPECT_EQ(content(), own_line());
}

TEST_F(PidfileTest, IsNotRemovedWhenItNamesAnother) {
    {
        auto mine = Pidfile::take(path);
        ASSERT_TRUE(mine->write());
        std::ofstream(path) << "1\n";
    }
    EXPECT_EQ(content(), "1\n");
}

TEST_F(PidfileTest, TellsWhenItCannotBeMade) {
    const auto missing = Pidfile::take(folder / "missing" / "tutti.pid");
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().message(), HasSubstr("missing/tutti.pid: No such file"));
    fs::create_symlink("/dev/null", path.string() + ".lock");
    EXPECT_FALSE(Pidfile::take(path)) << "a link instead of the lock";
    fs::remove(path.string() + ".lock");
    auto mine = Pidfile::take(path);
    fs::create_directory(path);
    EXPECT_FALSE(mine->write()) << "a folder of that name";
    EXPECT_EQ(std::distance(fs::directory_iterator(folder), {}), 2) << "a file was left";
}

TEST_F(PidfileTest, GoesToASuccessorWithoutAGap) {
    auto old = Pidfile::take(path);
    ASSERT_TRUE(old->write());
    auto successor = Pidfile::adopt(path, UniqueFd(::fcntl(old->lock_fd(), F_DUPFD_CLOEXEC, 3)));
    ASSERT_TRUE(successor) << successor.error().message();
    old->release();
    EXPECT_TRUE(fs::exists(path));
    EXPECT_FALSE(Pidfile::take(path)) << "the successor has the lock";
    EXPECT_TRUE(successor->write());
}

TEST_F(PidfileTest, ComesBackFromASuccessorThatFailed) {
    auto mine = Pidfile::take(path);
    ASSERT_TRUE(mine->write());
    std::ofstream(path) << "1\n";
    std::ofstream(path.string() + ".lock") << "1\n";
    EXPECT_TRUE(mine->write());
    EXPECT_EQ(content(), own_line());
    const auto second = Pidfile::take(path);
    ASSERT_FALSE(second);
    EXPECT_THAT(second.error().message(), HasSubstr("pid " + std::to_string(::getpid())));
}

TEST_F(PidfileTest, AdoptsOnlyTheLockOfThatFile) {
    auto other = Pidfile::take(folder / "other.pid");
    ASSERT_TRUE(other);
    auto mine = Pidfile::take(path);
    EXPECT_FALSE(Pidfile::adopt(path, UniqueFd(::fcntl(other->lock_fd(), F_DUPFD_CLOEXEC, 3))));
    EXPECT_FALSE(Pidfile::adopt(path, UniqueFd()));
}

}  // namespace
}  // namespace tutti::supervisor
