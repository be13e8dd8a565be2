// SPDX-License-Identifier: Apache-2.0
// The supervisor itself: what signals and the control socket ask, it has the server do.
//
//   Supervisor supervisor(node, server, standing, startup, takeover);
//   int code = supervisor.run();      // returns when the server has ended
//
// One thread, one loop. Signals only wake the loop; signals.h says what each does. supervisor.cc
// has life and signals, step_aside.cc the binary upgrade.
#pragma once

#include "base/exit_code.h"
#include "supervisor/control.h"
#include "supervisor/notify.h"
#include "supervisor/pidfile.h"
#include "supervisor/requests.h"
#include "supervisor/run.h"
#include "supervisor/server.h"
#include "supervisor/upgrade.h"

#include <boost/asio/signal_set.hpp>

namespace tutti::supervisor {

class Supervisor final : public Operations {
  public:
    // What the outside knows us by.
    struct Standing {
        ControlSocket control;
        std::optional<Pidfile> pidfile;
        Notify notify;
    };

    Supervisor(Node& node, Server& server, Standing standing, Startup startup,
               std::optional<Takeover> takeover);

    int run();

    Server& server() override { return server_; }
    bool is_upgrading() const override { return is_upgrading_; }
    asio::awaitable<Result<void>> reload() override;
    asio::awaitable<Result<pid_t>> upgrade() override;
    void stop_gracefully() override;
    void stop_quickly() override;
    void stop_now() override;

  private:
    asio::awaitable<void> run_server();
    asio::awaitable<void> await_ready();
    asio::awaitable<void> tell_system_manager();
    asio::awaitable<void> answer(std::uint32_t asker, std::string name, proto::Ask ask);
    void write_pidfile();
    std::string summary() const;
    asio::awaitable<void> watch_signals();
    void on_signal(int number);
    void on_stop_signal(int number);
    void on_hangup();
    asio::awaitable<void> reload_for_signal();
    asio::awaitable<void> upgrade_for_signal();
    asio::awaitable<void> scale_for_signal(int by);
    asio::awaitable<void> drain_for_signal();
    asio::awaitable<void> step_aside(runtime::ChildProcess successor);
    asio::awaitable<void> await_successor(runtime::ChildProcess& successor,
                                          std::optional<runtime::ExitStatus>& ended);
    asio::awaitable<void> take_back(const runtime::ExitStatus& ended);
    Estate estate() const;
    void stop_gracefully(const proto::Drain& how);
    void stop(const proto::Drain& how);

    Node& node_;
    Server& server_;
    ControlSocket control_socket_;
    std::optional<Pidfile> pidfile_;
    Notify notify_;
    Startup startup_;
    std::optional<Takeover> takeover_;
    proto::Drain stop_how_;
    int stop_signals_ = 0;
    int exit_code_ = exit_code::ok;
    bool is_upgrading_ = false;
    ControlServer control_;
    asio::signal_set signals_;
    runtime::TaskGroup tasks_;
};

}  // namespace tutti::supervisor
