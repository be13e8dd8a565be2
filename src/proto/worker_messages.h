// SPDX-License-Identifier: Apache-2.0
// The channel between the supervisor and each of its children (descriptor 3 of the child).
//
//   child -> supervisor: ready (once, when it can serve), wanted (work waits for a model), ask
//   supervisor -> child: roster (at start and after every change), drain (again when it is to be
//                        faster), reopen, set log level, answer (one for each ask)
//   end of file at the child: the supervisor is gone; drain and exit
#pragma once

#include "proto/wire.h"

namespace tutti::proto {

enum class Role : std::uint8_t { supervisor, gateway, engine, scribe };

std::string_view name_of(Role role);

// Sent by a child when its model is loaded and its listener is being read.
struct Ready {
    static constexpr std::uint8_t kType = 1;
    std::uint32_t live_limit = 0;   // live streams an engine accepts at once
    std::uint32_t whole_slots = 0;  // file segments an engine decodes at once
    std::string engine_version;
    bool aligns = false;  // an engine that takes Open::text
    static auto tied(auto& self) {
        return std::tie(self.live_limit, self.whole_slots, self.engine_version, self.aligns);
    }
};

// Work waits for a model that no engine serves. Said again as long as it waits.
struct Wanted {
    static constexpr std::uint8_t kType = 2;
    std::string model;
    static auto tied(auto& self) { return std::tie(self.model); }
};

// Something that a client asks of the server as a whole, in the words of the control socket
// (supervisor/control.h). Commands that are no client's to give are refused.
struct Ask {
    static constexpr std::uint8_t kType = 3;
    std::uint32_t number = 0;  // names the answer
    std::string request;
    static auto tied(auto& self) { return std::tie(self.number, self.request); }
};

// One process as the others see it. Its successor has another id.
struct Peer {
    std::uint32_t id = 0;
    Role role = Role::engine;
    std::uint32_t slot = 0;  // its slot on the scoreboard
    std::string model;       // engines only
    std::string socket;      // path of its unix socket; a gateway's takes connections handed on
    std::uint32_t live_limit = 0;
    std::uint32_t whole_slots = 0;
    bool aligns = false;
    bool operator==(const Peer&) const = default;
    static auto tied(auto& self) {
        return std::tie(self.id, self.role, self.slot, self.model, self.socket, self.live_limit,
                        self.whole_slots, self.aligns);
    }
};

enum class ModelState : std::uint8_t { unloaded, loading, ready, draining, failed };

std::string_view name_of(ModelState state);

// A served model, whether or not a process runs it.
struct ModelNote {
    std::string id;
    ModelState state = ModelState::unloaded;
    bool is_on_demand = false;     // it is loaded when work waits for it
    bool may_be_asked_for = true;  // work may wait for it; otherwise `why` tells why not
    std::string why;
    bool operator==(const ModelNote&) const = default;
    static auto tied(auto& self) {
        return std::tie(self.id, self.state, self.is_on_demand, self.may_be_asked_for, self.why);
    }
};

// The processes that take new work. One that is missing from it finishes what it has.
struct Roster {
    static constexpr std::uint8_t kType = 64;
    std::vector<Peer> peers;
    std::vector<ModelNote> models;
    static auto tied(auto& self) { return std::tie(self.peers, self.models); }
};

// Finish and end. A second one may only shorten what the first allowed.
struct Drain {
    static constexpr std::uint8_t kType = 65;
    // Says "not ready" but goes on accepting for so long, for load balancers to notice.
    Millis pre_stop{};
    // Live streams between utterances are told to come again, evenly spread over this time.
    Millis close_spread{};
    // What still runs then is cut off. Zero: there is no limit and no live stream is told to go;
    // the process ends when its clients have.
    Millis limit{};
    bool operator==(const Drain&) const = default;
    static auto tied(auto& self) { return std::tie(self.pre_stop, self.close_spread, self.limit); }
};

// Open the log file again: it was renamed.
struct ReopenLogs {
    static constexpr std::uint8_t kType = 66;
    static auto tied(auto&) { return std::tuple<>(); }
};

struct SetLogLevel {
    static constexpr std::uint8_t kType = 67;
    std::string level;
    static auto tied(auto& self) { return std::tie(self.level); }
};

struct Answer {
    static constexpr std::uint8_t kType = 68;
    std::uint32_t number = 0;
    Errc cause = Errc::ok;
    std::string text;  // the result as JSON, or why there is none
    static auto tied(auto& self) { return std::tie(self.number, self.cause, self.text); }
};

using ToSupervisor = std::variant<Ready, Wanted, Ask>;
using FromSupervisor = std::variant<Roster, Drain, ReopenLogs, SetLogLevel, Answer>;

inline constexpr std::size_t kMaxWorkerFrame = 1024 * 1024;

}  // namespace tutti::proto
