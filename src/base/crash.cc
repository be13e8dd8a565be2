// SPDX-License-Identifier: Apache-2.0
#include "base/crash.h"

#include "base/log.h"

#include <csignal>
#include <dirent.h>
#include <execinfo.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <ctime>

// Everything below install() runs in signal handlers: no memory, no locks, no stdio.
namespace tutti::crash {
namespace {

constexpr int kMaxFrames = 64;
const int kDumpSignal = SIGRTMAX - 1;

alignas(16) std::byte spare_stack[64 * 1024];  // for a thread that ran out of its own
std::atomic<pid_t> dumped{0};                  // the thread that wrote its stack last

void write_text(const char* text) {
    [[maybe_unused]] const auto n = ::write(log::descriptor(), text, std::strlen(text));
}

void write_number(long number) {
    char digits[24];
    char* at = digits + sizeof digits;
    *--at = '\0';
    do *--at = static_cast<char>('0' + number % 10);
    while (number /= 10);
    write_text(at);
}

void dump_own_stack() {
    void* frames[kMaxFrames];
    const int count = ::backtrace(frames, kMaxFrames);
    write_text("stack of thread ");
    write_number(::gettid());
    write_text("\n");
    ::backtrace_symbols_fd(frames, count, log::descriptor());
}

void on_dump_signal(int) {
    dump_own_stack();
    dumped = ::gettid();
}

// A thread that does not get to run within 0.1 s is left out.
void dump_thread(pid_t thread) {
    dumped = 0;
    if (::syscall(SYS_tgkill, ::getpid(), thread, kDumpSignal) != 0) return;
    for (int i = 0; i < 100 && dumped != thread; ++i) {
        const timespec pause{0, 1'000'000};
        ::nanosleep(&pause, nullptr);
    }
}

void dump_other_threads() {
    const int folder = ::open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    alignas(std::uint64_t) char entries[4096];
    for (;;) {
        const long size = ::syscall(SYS_getdents64, folder, entries, sizeof entries);
        if (size <= 0) break;
        for (long at = 0; at < size;) {
            const char* entry = entries + at;
            unsigned short length = 0;
            std::memcpy(&length, entry + offsetof(dirent64, d_reclen), sizeof length);
            const pid_t thread = std::atoi(entry + offsetof(dirent64, d_name));
            if (thread > 0 && thread != ::gettid()) dump_thread(thread);
            at += length;
        }
    }
    ::close(folder);
}

void on_fatal_signal(int number) {
    write_text("fatal signal ");
    write_number(number);
    write_text(" in process ");
    write_number(::getpid());
    write_text("\n");
    dump_own_stack();
    dump_other_threads();
    // The action is the default again (SA_RESETHAND): the process dies of the same signal.
    ::raise(number);
}

void handle(int number, void (*handler)(int), int flags) {
    struct sigaction action {};
    action.sa_handler = handler;
    action.sa_flags = flags;
    ::sigaction(number, &action, nullptr);
}

bool has_handler(int number) {
    struct sigaction present {};
    ::sigaction(number, nullptr, &present);
    return present.sa_handler != SIG_DFL;
}

}  // namespace

void install() {
    void* frame[1];
    ::backtrace(frame, 1);  // the first call loads a library, which a handler must not
    stack_t spare{};
    spare.ss_sp = spare_stack;
    spare.ss_size = sizeof spare_stack;
    ::sigaltstack(&spare, nullptr);
    handle(kDumpSignal, on_dump_signal, SA_RESTART);
    constexpr int kOnce = static_cast<int>(SA_RESETHAND) | SA_ONSTACK | SA_NODEFER;
    handle(SIGABRT, on_fatal_signal, kOnce);
    for (int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL})
        if (!has_handler(number)) handle(number, on_fatal_signal, kOnce);
}

}  // namespace tutti::crash
