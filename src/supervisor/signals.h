// SPDX-License-Identifier: Apache-2.0
// The signals that the supervisor hears, and what each asks for; docs/operations.md has the same
// table. supervisor.cc listens to exactly these.
#pragma once

#include <csignal>

#include <string_view>

namespace tutti::supervisor {

struct SignalMeaning {
    int number;
    std::string_view name;
    std::string_view effect;
};

inline constexpr SignalMeaning kSignals[] = {
    {SIGTERM, "TERM", "graceful stop, balancers first: pre_stop, then close_spread"},
    {SIGINT, "INT", "graceful stop at once, for a terminal: no pre_stop, no close_spread"},
    {SIGQUIT, "QUIT", "quick stop: everything has 2 s"},
    {SIGHUP, "HUP", "reload of the configuration; ignored when standard input is a terminal"},
    {SIGUSR1, "USR1", "every process opens its log file again"},
    {SIGUSR2, "USR2", "binary upgrade"},
    {SIGWINCH, "WINCH", "drain: the gateways end as in a graceful stop, the rest stays"},
    {SIGTTIN, "TTIN", "one gateway more, up to scale_limit"},
    {SIGTTOU, "TTOU", "one gateway fewer, down to one"},
};

}  // namespace tutti::supervisor
