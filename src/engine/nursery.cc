// SPDX-License-Identifier: Apache-2.0
#include "engine/nursery.h"

#include "base/exit_code.h"
#include "base/log.h"
#include "base/step_clock.h"
#include "engine/frame_socket.h"
#include "engine/nursery_process.h"
#include "engine/nursery_wire.h"
#include "runtime/child_process.h"
#include "runtime/thread_times.h"

#include <cerrno>
#include <csignal>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

namespace tutti::engine {
namespace {

namespace wire = nursery_wire;

// It has nothing to do but to fork, so one that is silent for longer is stopped or stuck.
constexpr std::chrono::seconds kForkLimit{20};

[[noreturn]] void give_up(const char* why) {
    log::error("the nursery of decode workers {}", why);
    std::_Exit(exit_code::internal);
}

// False when it hangs.
bool wait_for_answer(int control, pid_t nursery) {
    StepClock clock(std::chrono::steady_clock::now());
    pollfd subject{control, POLLIN, 0};
    while (::poll(&subject, 1, static_cast<int>(FrameSocket::kTick.count())) == 0) {
        clock.look(std::chrono::steady_clock::now(), runtime::times_of(nursery, nursery));
        if (clock.worked() > kForkLimit) return false;
    }
    return true;
}

int own_niceness() {
    return ::getpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()));
}

}  // namespace

Nursery::Nursery(const ModelLoader& load_model) {
    int ends[2];
    if (::socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
        throw std::system_error(errno, std::generic_category(), "socketpair");
    UniqueFd ours(ends[0]), theirs(ends[1]);
    const pid_t self = ::getpid();
    pid_ = ::fork();
    if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
    if (pid_ == 0) run_nursery(std::move(theirs), self, load_model);
    pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
    control_ = std::move(ours);
}

Nursery::~Nursery() {
    ::kill(pid_, SIGKILL);
    while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
}

void Nursery::wait_until_loaded() {
    const auto packet = wire::receive_packet(control_.get());
    const auto message = proto::decode<wire::FromNursery>(packet.body);
    if (message && std::holds_alternative<wire::Loaded>(*message)) return;
    if (message && std::holds_alternative<wire::Refused>(*message))
        throw std::runtime_error(std::get<wire::Refused>(*message).why);
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOWAIT);
    if (ended.si_code != CLD_EXITED) give_up("was killed while it loaded the model");
    throw std::runtime_error("loading it ended with " +
                             runtime::ExitStatus{.code = ended.si_status}.describe());
}

ForkedWorker Nursery::fork_worker(proto::StreamMode mode) {
    std::lock_guard lock(mutex_);
    if (!wire::send_packet(control_.get(), wire::body_of(wire::Fork{mode, own_niceness()})))
        give_up("is gone");
    if (!wait_for_answer(control_.get(), pid_)) give_up("hangs");
    auto packet = wire::receive_packet(control_.get());
    const auto message = proto::decode<wire::FromNursery>(packet.body);
    if (!message) give_up("is gone");
    if (const auto* refused = std::get_if<wire::Refused>(&*message))
        throw std::runtime_error("no decode worker: " + refused->why);
    const auto* forked = std::get_if<wire::Forked>(&*message);
    if (!forked) give_up("breaks the protocol");
    // The kernel leaves descriptors out when we are at our limit of them.
    if (packet.fds.size() != 2)
        throw std::runtime_error("no decode worker: out of file descriptors");
    return {forked->pid, std::move(packet.fds[0]), std::move(packet.fds[1])};
}

}  // namespace tutti::engine
