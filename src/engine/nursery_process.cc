// SPDX-License-Identifier: Apache-2.0
#include "engine/nursery_process.h"

#include "base/exit_code.h"
#include "base/log.h"
#include "engine/decode_worker.h"
#include "engine/nursery_wire.h"
#include "runtime/child_process.h"

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include <algorithm>

namespace tutti::engine {
namespace {

namespace wire = nursery_wire;

// The name under which ps and top show the calling process.
void take_name(const char* name) {
    ::prctl(PR_SET_NAME, name);
}

void die_with(pid_t parent) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) std::_Exit(exit_code::lost_parent);  // it died before we asked
}

void ignore_signals_for_others() {
    for (int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH, SIGPIPE})
        std::signal(number, SIG_IGN);
}

// Closes all but 0 to 2 and these.
void close_all_but(std::vector<int> kept) {
    std::ranges::sort(kept);
    unsigned first = STDERR_FILENO + 1;
    for (const int fd : kept) {
        if (fd < static_cast<int>(first)) continue;
        if (fd > static_cast<int>(first)) ::close_range(first, static_cast<unsigned>(fd) - 1, 0);
        first = static_cast<unsigned>(fd) + 1;
    }
    ::close_range(first, ~0U, 0);
}

class NurseryProcess {
  public:
    NurseryProcess(UniqueFd control, RecognizerFactory make_recognizer)
        : control_(std::move(control)), make_recognizer_(std::move(make_recognizer)) {
        sigset_t child_ended;
        sigemptyset(&child_ended);
        sigaddset(&child_ended, SIGCHLD);
        ::sigprocmask(SIG_BLOCK, &child_ended, nullptr);
        ended_.reset(::signalfd(-1, &child_ended, SFD_CLOEXEC | SFD_NONBLOCK));
    }

    // Until the control connection ends.
    void run() {
        for (;;) {
            pollfd subjects[] = {{control_.get(), POLLIN, 0}, {ended_.get(), POLLIN, 0}};
            if (::poll(subjects, 2, -1) < 0 && errno != EINTR) return;
            if (subjects[1].revents) reap();
            if (!subjects[0].revents) continue;
            const auto packet = wire::receive_packet(control_.get());
            const auto message = proto::decode<wire::ToNursery>(packet.body);
            if (!message) return;
            answer(std::get<wire::Fork>(*message));
        }
    }

  private:
    void answer(const wire::Fork& request) {
        int ends[2];
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0)
            return refuse("socketpair");
        UniqueFd theirs(ends[0]), workers(ends[1]);
        const pid_t nursery = ::getpid();
        const pid_t pid = ::fork();
        if (pid == 0) {
            theirs.reset();
            be_worker(std::move(workers), nursery, request);
        }
        if (pid < 0) return refuse("fork");
        const UniqueFd pidfd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        if (!pidfd) {
            refuse("pidfd_open");
            ::kill(pid, SIGKILL);
            return;
        }
        wire::send_packet(control_.get(), wire::body_of(wire::Forked{pid}),
                          {theirs.get(), pidfd.get()});
    }

    void refuse(std::string_view call) {
        wire::send_packet(control_.get(),
                          wire::body_of(wire::Refused{errno_error(call).message()}));
    }

    [[noreturn]] void be_worker(UniqueFd connection, pid_t nursery, const wire::Fork& request) {
        take_name("decode-worker");
        die_with(nursery);
        control_.reset();
        ended_.reset();
        sigset_t none;
        sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        ::setpriority(PRIO_PROCESS, 0, request.niceness);
        try {
            const auto recognizer = make_recognizer_(request.mode);
            serve_decodes(std::move(connection), *recognizer);
        } catch (const std::exception& e) {
            log::warn("decode worker: {}", e.what());
            std::_Exit(exit_code::internal);
        }
        std::_Exit(exit_code::ok);
    }

    void reap() {
        signalfd_siginfo ignored[16];
        while (::read(ended_.get(), ignored, sizeof ignored) > 0) {
        }
        int raw = 0;
        for (pid_t pid; (pid = ::waitpid(-1, &raw, WNOHANG)) > 0;) {
            const auto status = runtime::ExitStatus::from_wait(raw);
            if (status.is_clean()) continue;
            log::reopen();  // the file may have been renamed meanwhile
            log::warn("decode worker pid={} ended: {}", pid, status.describe());
        }
    }

    UniqueFd control_;
    UniqueFd ended_;  // a signalfd: readable when a worker has ended
    RecognizerFactory make_recognizer_;
};

}  // namespace

void run_nursery(UniqueFd control, pid_t parent, const ModelLoader& load_model) {
    take_name("decode-nursery");
    die_with(parent);
    ignore_signals_for_others();
    close_all_but({control.get(), log::descriptor()});
    RecognizerFactory make_recognizer;
    try {
        make_recognizer = load_model();
    } catch (const std::exception& e) {
        const auto why = std::string(e.what()).substr(0, wire::kMaxPacket / 2);
        wire::send_packet(control.get(), wire::body_of(wire::Refused{why}));
        std::_Exit(exit_code::model_failed);
    }
    wire::send_packet(control.get(), wire::body_of(wire::Loaded{}));
    NurseryProcess(std::move(control), std::move(make_recognizer)).run();
    std::_Exit(exit_code::ok);
}

}  // namespace tutti::engine
