// SPDX-License-Identifier: Apache-2.0
#include "media/sandbox.h"

#include "base/unique_fd.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <functional>

namespace tutti::media {
namespace {

constexpr SandboxLimits kLimits{
    .memory_bytes = 512u * 1024 * 1024, .cpu_time = std::chrono::seconds(5), .output_bytes = 4096};
constexpr int kNotConfined = 99;

// How a child ended that entered the sandbox and then did `deed`: "exit N" or "signal N".
std::string end_of_child(const std::function<int()>& deed) {
    const pid_t child = ::fork();
    if (child == 0) {
        const auto confined = enter_sandbox(kLimits);
        ::_exit(confined && *confined == Confinement::full ? deed() : kNotConfined);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? "signal " + std::to_string(WTERMSIG(status))
                               : "exit " + std::to_string(WEXITSTATUS(status));
}

class Sandbox : public testing::Test {
  protected:
    void SetUp() override {
        if (end_of_child([] { return 0; }) == "exit " + std::to_string(kNotConfined))
            GTEST_SKIP() << "system calls are not restricted in a sanitizer build";
    }
    const std::string killed_ = "signal " + std::to_string(SIGSYS);
};

TEST_F(Sandbox, KillsWhoOpensAFile) {
    EXPECT_EQ(end_of_child([] { return ::open("/etc/passwd", O_RDONLY); }), killed_);
    EXPECT_EQ(end_of_child([] { return ::open("/tmp/x", O_WRONLY | O_CREAT, 0600); }), killed_);
}

TEST_F(Sandbox, KillsWhoSeeksTheNetwork) {
    EXPECT_EQ(end_of_child([] { return ::socket(AF_INET, SOCK_STREAM, 0); }), killed_);
    EXPECT_EQ(end_of_child([] { return ::socket(AF_UNIX, SOCK_STREAM, 0); }), killed_);
}

TEST_F(Sandbox, KillsWhoStartsAProgram) {
    EXPECT_EQ(end_of_child([] { return static_cast<int>(::syscall(SYS_clone, SIGCHLD, 0)); }),
              killed_);
    EXPECT_EQ(end_of_child([] { return ::execl("/bin/true", "true", nullptr); }), killed_);
}

TEST_F(Sandbox, KillsWhoMakesMemoryExecutable) {
    const auto map = [](int protection, int flags) {
        return ::mmap(nullptr, 4096, protection, MAP_PRIVATE | flags, -1, 0) == MAP_FAILED;
    };
    EXPECT_EQ(end_of_child([&] { return map(PROT_READ | PROT_EXEC, MAP_ANONYMOUS); }), killed_);
    EXPECT_EQ(end_of_child([&] { return map(PROT_READ, 0); }), killed_);
    EXPECT_EQ(end_of_child([&] { return map(PROT_READ | PROT_WRITE, MAP_ANONYMOUS); }), "exit 0");
    EXPECT_EQ(end_of_child([] {
                  alignas(4096) static char page[4096];
                  return ::mprotect(page, sizeof page, PROT_READ | PROT_EXEC);
              }),
              killed_);
}

TEST_F(Sandbox, KillsWhoTouchesOtherProcessesOrDescriptors) {
    const pid_t parent = ::getpid();
    EXPECT_EQ(end_of_child([&] { return ::kill(parent, 0); }), killed_);
    EXPECT_EQ(end_of_child([] { return static_cast<int>(::write(3, "x", 1)); }), killed_);
    EXPECT_EQ(end_of_child([] { return static_cast<int>(::write(0, "x", 1)); }), killed_);
}

TEST_F(Sandbox, ClosesWhatWasInherited) {
    // read() of another descriptor is forbidden; the reader of the pipe sees that it is closed.
    int ends[2];
    ASSERT_EQ(::pipe(ends), 0);
    UniqueFd reader(ends[0]), writer(ends[1]);
    int release[2];
    ASSERT_EQ(::pipe(release), 0);
    UniqueFd hold(release[0]), let_go(release[1]);
    const pid_t child = ::fork();
    if (child == 0) {
        ::dup2(hold.get(), STDIN_FILENO);
        if (!enter_sandbox(kLimits)) ::_exit(1);
        char byte = 0;
        ::_exit(::read(STDIN_FILENO, &byte, 1) == 1 ? 0 : 2);
    }
    writer.reset();
    char byte = 0;
    EXPECT_EQ(::read(reader.get(), &byte, 1), 0);
    EXPECT_EQ(::write(let_go.get(), "x", 1), 1);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(WIFEXITED(status) ? WEXITSTATUS(status) : -1, 0);
}

TEST_F(Sandbox, LeavesMemoryUpToTheLimit) {
    EXPECT_EQ(end_of_child([] {
                  auto* some = static_cast<char*>(std::malloc(64 * 1024 * 1024));
                  if (!some) return 1;
                  std::memset(some, 1, 64 * 1024 * 1024);
                  std::free(some);
                  void* volatile too_much = std::malloc(1024u * 1024 * 1024);
                  return too_much ? 2 : 0;
              }),
              "exit 0");
}

TEST_F(Sandbox, LetsStandardErrorBeWritten) {
    EXPECT_EQ(end_of_child([] { return ::write(STDERR_FILENO, "", 0) == 0 ? 0 : 1; }), "exit 0");
}

}  // namespace
}  // namespace tutti::media
