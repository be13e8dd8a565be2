// SPDX-License-Identifier: Apache-2.0
// Telling systemd how the server is: the datagrams of sd_notify(3).
//
//   auto notify = Notify::from_environment();
//   notify.extend_timeout(30s);                        // again and again while models load
//   notify.ready("4 gateways, 2 engines");
//   notify.watchdog();                                 // every watchdog_interval() / 2 at most
//   notify.reloading();  ...  notify.ready("...");
//   notify.main_pid(successor);                        // of an upgrade, by the old process
//   notify.stopping();
//
// 1. Without a NOTIFY_SOCKET every call does nothing.
// 2. The variables are removed from the environment, so no child speaks for us by accident.
// 3. Never blocks. A change of state that systemd cannot take at once is sent with the next call;
//    anything else is then lost.
#pragma once

#include "base/unique_fd.h"

#include <sys/socket.h>
#include <sys/types.h>
#include <sys/un.h>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::supervisor {

class Notify {
  public:
    Notify() = default;  // tells nobody
    static Notify from_environment();

    bool is_active() const { return static_cast<bool>(socket_); }

    // `text` is what `systemctl status` shows.
    void ready(std::string_view text);
    void status(std::string_view text);
    void reloading();
    void stopping();
    // Only the main process is believed, so the old one names its successor, once that is ready.
    void main_pid(pid_t pid);
    void watchdog();
    // The phase that is under way (start, reload or stop) may take this long from now.
    void extend_timeout(std::chrono::microseconds from_now);

    // A server silent for longer is restarted by systemd; nothing when it does not watch us.
    std::optional<std::chrono::microseconds> watchdog_interval() const { return watchdog_; }

    // NAME=value entries by which a successor of ours finds systemd.
    std::vector<std::string> environment_of_successor() const;

  private:
    enum class Keep { no, yes };
    void send(std::string_view assignments, Keep if_not_taken);

    UniqueFd socket_;
    std::string path_;  // as in NOTIFY_SOCKET
    sockaddr_un address_{};
    socklen_t address_size_ = 0;
    std::string unsent_;  // changes of state
    std::optional<std::chrono::microseconds> watchdog_;
};

}  // namespace tutti::supervisor
