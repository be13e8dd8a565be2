// SPDX-License-Identifier: Apache-2.0
// The main of store_test, which is its own second process (test_child.h).
#include "store/store_fixture.h"
#include "store/test_child.h"

#include <csignal>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>

#include <array>
#include <cstring>

namespace tutti::store {
namespace {

struct Pipe {
    UniqueFd read;
    UniqueFd write;
};

Pipe make_pipe() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    return {UniqueFd(ends[0]), UniqueFd(ends[1])};
}

// One write, so that a line is there whole or not at all when the writer is killed.
void print_line(const std::string& line) {
    const std::string text = line + "\n";
    if (::write(STDOUT_FILENO, text.data(), text.size()) < 0) std::_Exit(1);
}

// Requests of very different sizes, some on pages of their own.
std::string request_of(int number) {
    return std::string(static_cast<std::size_t>(number % 7 * 3000 + 10),
                       static_cast<char>('a' + number % 26));
}

int submit_forever(Caller& store) {
    for (int i = 0;; ++i) {
        const auto made = store.try_submit({.request = request_of(i)}, read_now());
        if (!made) return 1;
        print_line(made->job->id.value);
    }
}

int submit_in_crowds(JobStore& store) {
    for (int i = 0;; i += 16) {
        std::vector<std::future<void>> told;
        for (int j = i; j < i + 16; ++j) {
            auto done = std::make_shared<std::promise<void>>();
            told.push_back(done->get_future());
            store.submit({.request = request_of(j)}, read_now(), [done](Result<Submission> made) {
                if (!made) std::_Exit(1);
                print_line(made->job->id.value);
                done->set_value();
            });
        }
        for (auto& one : told) one.wait();
    }
}

bool input_has_ended() {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    return ::poll(&input, 1, 1) > 0;
}

int submit_and_lease(Caller& store, int count) {
    const WorkerId self{"pid-" + std::to_string(::getpid())};
    for (int submitted = 0; submitted < count || !input_has_ended();) {
        if (submitted++ < count) {
            const auto made = store.try_submit({}, read_now());
            if (!made) return 1;
            print_line("S " + made->job->id.value);
        }
        const auto leased = store.lease(read_now(), self);
        if (leased) print_line("L " + leased->id.value + " " + std::to_string(leased->epoch));
    }
    return 0;
}

}  // namespace

int run_child(const std::string& mode, const std::string& path, int count) {
    auto opened = load_sqlite_store({.path = path, .reserve_bytes = 0}, read_now());
    if (!opened) {
        print_line("refused: " + opened.error().message());
        return 2;
    }
    Caller store(*std::move(opened));
    if (mode == "submit") return submit_forever(store);
    if (mode == "crowd") return submit_in_crowds(*store);
    return submit_and_lease(store, count);
}

TestChild::TestChild(const std::string& mode, const std::string& path, int count) {
    Pipe input = make_pipe();
    Pipe output = make_pipe();
    std::string number = std::to_string(count);
    std::string child_mode = mode;
    std::string file = path;
    char program[] = "store_test";
    char flag[] = "--child";
    char* const arguments[] = {program,     flag,          child_mode.data(),
                               file.data(), number.data(), nullptr};
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input.read.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output.write.get(), STDOUT_FILENO);
    EXPECT_EQ(::posix_spawn(&pid_, "/proc/self/exe", &actions, nullptr, arguments, environ), 0);
    posix_spawn_file_actions_destroy(&actions);
    input_ = std::move(input.write);
    output_ = std::move(output.read);
}

TestChild::~TestChild() {
    kill();
    wait();
}

std::optional<std::string> TestChild::read_line() {
    for (;;) {
        if (const auto end = buffer_.find('\n'); end != std::string::npos) {
            std::string line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            return line;
        }
        std::array<char, 4096> chunk{};
        const auto size = ::read(output_.get(), chunk.data(), chunk.size());
        if (size <= 0) return std::nullopt;
        buffer_.append(chunk.data(), static_cast<std::size_t>(size));
    }
}

void TestChild::kill() {
    if (pid_ > 0) ::kill(pid_, SIGKILL);
}

int TestChild::wait() {
    if (pid_ <= 0) return -1;
    int status = 0;
    ::waitpid(pid_, &status, 0);
    pid_ = -1;
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

}  // namespace tutti::store

int main(int argc, char** argv) {
    if (argc == 5 && std::strcmp(argv[1], "--child") == 0)
        return tutti::store::run_child(argv[2], argv[3], std::atoi(argv[4]));
    testing::InitGoogleMock(&argc, argv);
    return RUN_ALL_TESTS();
}
