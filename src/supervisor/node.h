// SPDX-License-Identifier: Apache-2.0
// What the supervisor's parts share. Loop thread only; outlives them all.
#pragma once

#include "proto/worker_messages.h"
#include "runtime/condition.h"
#include "runtime/privileges.h"
#include "runtime/scoreboard.h"
#include "supervisor/sockets.h"

#include <functional>

namespace tutti::supervisor {

namespace asio = boost::asio;

class Process;

struct Node {
    Node(runtime::Scoreboard scoreboard, RuntimeDir runtime_dir)
        : board(std::move(scoreboard)), dir(std::move(runtime_dir)), changed(loop) {}

    asio::io_context loop{1};
    runtime::Scoreboard board;
    RuntimeDir dir;
    std::uint32_t processes_started = 0;  // the last process's id
    std::uint32_t endpoints_made = 0;
    std::optional<runtime::RunAs> run_as;  // of the children; nullopt = as we are
    UniqueFd resume_key;                   // what gateways sign resume tokens with
    bool was_ready = false;                // every place has been ready once
    bool is_stopping = false;

    // Notified when a process became ready, ended, or was asked to.
    runtime::Condition changed;
    std::function<void()> on_roster_changed = [] {};
    std::function<void(const std::string& model)> on_wanted = [](const std::string&) {};
    std::function<void(Process& process, const proto::Ask& ask)> on_ask = [](auto&, auto&) {};
    std::function<void(int exit_code)> on_give_up = [](int) {};

    // Makes a file or folder of ours usable for the children's user; an empty path is none.
    Result<void> give_to_children(const std::filesystem::path& path) const;

    runtime::Slot& own_slot() { return board.slot(0); }
    // A slot for one more process of a place: one the place used before, so that its counters go
    // on, or else an unused one. nullopt when all are taken.
    std::optional<std::uint32_t> take_slot(proto::Role role, std::uint32_t number);
};

}  // namespace tutti::supervisor
