// SPDX-License-Identifier: Apache-2.0
#include "supervisor/run.h"

#include "base/exit_code.h"
#include "base/log.h"
#include "config/control_socket.h"
#include "policy/resume_token.h"
#include "runtime/key_file.h"
#include "supervisor/activation.h"
#include "supervisor/supervisor.h"

#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>

namespace tutti::supervisor {
namespace {

using policy::kResumeKeySize;

// One process serves very many sockets; the soft limit is often far below what is allowed.
void raise_descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

void report_request_migration() {
    int is_on = 1;
    std::ifstream("/proc/sys/net/ipv4/tcp_migrate_req") >> is_on;
    if (!is_on)
        log::info(
            "net.ipv4.tcp_migrate_req is 0: connections that wait to be accepted are lost "
            "when the whole server is killed");
}

Result<TcpListeners> make_listeners(const config::Config& config,
                                    std::optional<Takeover>& takeover) {
    using Origin = TcpListeners::Origin;
    auto activated = take_activated();
    if (!activated) return activated.error();
    if (takeover)
        return TcpListeners::adopt(std::move(takeover->listeners), takeover->origin,
                                   config.backlog);
    if (activated->empty()) return TcpListeners::open(config.host, config.port, config.backlog);
    std::vector<UniqueFd> sockets;
    for (auto& socket : *activated) sockets.push_back(std::move(socket.fd));
    return TcpListeners::adopt(std::move(sockets), Origin::systemd, config.backlog);
}

Result<ControlSocket> make_control_socket(const config::Config& config, std::uint16_t port,
                                          std::optional<Takeover>& takeover) {
    if (takeover && takeover->control)
        return ControlSocket::adopt(std::move(takeover->control),
                                    std::move(takeover->control_lock));
    return ControlSocket::open(config::control_socket_path(config, port));
}

Result<std::optional<Pidfile>> make_pidfile(const config::Config& config,
                                            std::optional<Takeover>& takeover) {
    if (config.pidfile.empty()) return std::optional<Pidfile>();
    auto pidfile = takeover && takeover->pidfile_lock
                       ? Pidfile::adopt(config.pidfile, std::move(takeover->pidfile_lock))
                       : Pidfile::take(config.pidfile);
    if (!pidfile) return pidfile.error();
    return std::optional(std::move(*pidfile));
}

// Of the file that outlives this server, so that clients go on with the next one too. Without one
// they cannot, and all else works.
Result<UniqueFd> make_resume_key(const config::Config& config) {
    const auto fresh = [] { return runtime::key_descriptor(runtime::random_key(kResumeKeySize)); };
    if (config.resume_window.count() == 0) return fresh();
    const auto key =
        config.state_dir.empty()
            ? Result<std::string>(Error(Errc::bad_config, "state_dir is not set"))
            : runtime::load_or_make_key(std::filesystem::path(config.state_dir) / "resume.key",
                                        kResumeKeySize);
    if (key) return runtime::key_descriptor(*key);
    log::warn("live streams cannot be resumed after a restart of the server: {}",
              key.error().message());
    return fresh();
}

// The folder in which the children meet, and who they are.
Result<std::unique_ptr<Node>> make_node(const config::Config& config) {
    auto run_as = runtime::resolve_user(config.user, config.group);
    if (!run_as) return run_as.error();
    auto board = runtime::Scoreboard::create();
    if (!board) return board.error();
    auto dir = RuntimeDir::make(config.runtime_dir);
    if (!dir) return dir.error();
    auto node = std::make_unique<Node>(std::move(*board), std::move(*dir));
    node->run_as = *run_as;
    auto key = make_resume_key(config);
    if (!key) return key.error();
    node->resume_key = std::move(*key);
    for (const std::filesystem::path& ours :
         {node->dir.path(), std::filesystem::path(config.log_file)})
        if (auto given = node->give_to_children(ours); !given) return given.error();
    return node;
}

Result<int> start_and_run(const config::Config& config, Startup startup) {
    auto takeover = Takeover::from_environment();
    if (!takeover) return takeover.error();
    auto notify = Notify::from_environment();
    auto listeners = make_listeners(config, *takeover);
    if (!listeners) return listeners.error();
    auto pidfile = make_pidfile(config, *takeover);
    if (!pidfile) return pidfile.error();
    auto control = make_control_socket(config, listeners->port(), *takeover);
    if (!control) return control.error();
    auto node = make_node(config);
    if (!node) return node.error();
    auto generation = Generation::make(1, config);
    if (!generation) return generation.error();
    report_request_migration();
    Server server(**node, std::move(*listeners), std::move(*generation), startup.load);
    Supervisor supervisor(**node, server,
                          {std::move(*control), std::move(*pidfile), std::move(notify)},
                          std::move(startup), std::move(*takeover));
    return supervisor.run();
}

}  // namespace

int code_of_failed_start(const Error& error) {
    return error.errc() == Errc::bad_config ? exit_code::bad_config : exit_code::cannot_create;
}

int run(const config::Config& config, Startup startup) {
    raise_descriptor_limit();
    ::umask(static_cast<mode_t>(std::strtoul(config.umask.c_str(), nullptr, 8)));
    const auto code = start_and_run(config, std::move(startup));
    if (code) return *code;
    log::error("{}", code.error().message());
    return code_of_failed_start(code.error());
}

}  // namespace tutti::supervisor
