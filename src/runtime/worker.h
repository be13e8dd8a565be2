// SPDX-License-Identifier: Apache-2.0
// A child's side of the contract with the supervisor.
//
// Inherited descriptors: 3 = channel, 4 = listening socket, 5 = scoreboard, 6 = configuration,
// 7 = datagram socket on which other gateways hand over fresh connections. Arguments name the
// scoreboard slot. A child posts "ready" once it can serve, hears of every change of the roster,
// and ends in good order when told to or when the supervisor is gone (end of file on 3).
//
//   Worker worker(loop, Role::gateway, slot_index);
//   worker.on_roster = [&](const proto::Roster& r) {...};
//   worker.on_drain = [&](const proto::Drain& drain) {...};  // again when it is to be faster
//   worker.on_lost_parent = [&] {...};                       // at most once
//   tasks.spawn("worker", worker.run());
//   worker.post_ready({...});
//
// Signals: TERM drains within kTermLimit, INT and QUIT within kQuickLimit, USR1 opens the log file
// again, ABRT logs the stack and dies of it (base/crash.h). HUP, USR2 and WINCH, which are for the
// supervisor, are ignored.
//
// Everything happens on the loop thread.
#pragma once

#include "proto/worker_messages.h"
#include "runtime/condition.h"
#include "runtime/ipc_channel.h"
#include "runtime/scoreboard.h"
#include "runtime/task_group.h"

#include <boost/asio/signal_set.hpp>

#include <functional>
#include <map>
#include <optional>

namespace tutti::runtime {

inline constexpr int kChannelFd = 3;
inline constexpr int kListenerFd = 4;
inline constexpr int kScoreboardFd = 5;
inline constexpr int kConfigFd = 6;     // the configuration as text, of any child
inline constexpr int kHandoverFd = 7;   // gateways
inline constexpr int kResumeKeyFd = 8;  // gateways: what resume tokens are signed with

class Worker {
  public:
    // Takes over descriptors 3 and 5. Throws std::system_error when they are not what they should
    // be (the program was started by hand).
    Worker(asio::io_context& loop, proto::Role role, std::size_t slot_index);

    std::function<void(const proto::Roster&)> on_roster;
    std::function<void(const proto::Drain&)> on_drain;
    std::function<void()> on_lost_parent;
    // When the oldest piece of work began that is still under way outside the loop; now when there
    // is none. Beats tell this time, so that work which hangs shows as a loop which hangs does.
    std::function<std::chrono::steady_clock::time_point()> oldest_work;

    static constexpr std::chrono::seconds kTermLimit{30};
    static constexpr std::chrono::seconds kQuickLimit{2};

    Slot& slot() { return board_.slot(slot_index_); }
    const Scoreboard& board() const { return board_; }

    // Reads the channel, beats and listens for signals until shut_down().
    asio::awaitable<void> run();
    void post_ready(const proto::Ready& ready);
    void post_wanted(const std::string& model);
    // Asks the supervisor, in the words of its control socket; the result is JSON.
    asio::awaitable<Result<std::string>> ask(std::string request);
    // Ends run().
    void shut_down();

  private:
    asio::awaitable<void> read_channel();
    asio::awaitable<void> beat();
    asio::awaitable<void> watch_signals();
    void handle(std::string_view body);
    void on(const proto::Roster& roster);
    void on(const proto::Drain& drain);
    void on(const proto::ReopenLogs&);
    void on(const proto::SetLogLevel& message);
    void on(const proto::Answer& answer);
    void lose_parent();

    Scoreboard board_;
    std::size_t slot_index_;
    IpcChannel channel_;
    asio::steady_timer beat_timer_;
    asio::signal_set signals_;
    std::map<std::uint32_t, std::optional<proto::Answer>> asked_;
    std::uint32_t last_asked_ = 0;
    Condition answered_;
    bool is_parent_lost_ = false;
    TaskGroup tasks_;
};

// The listening unix socket at descriptor 4.
asio::local::stream_protocol::acceptor inherited_unix_listener(asio::io_context& loop);

}  // namespace tutti::runtime
