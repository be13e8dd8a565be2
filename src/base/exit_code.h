// SPDX-License-Identifier: Apache-2.0
// Exit codes of our processes. They are an API: the supervisor's restart policy and
// docs/operations.md use the same names. Values follow sysexits where one fits.
#pragma once

#include <string_view>

namespace tutti::exit_code {

inline constexpr int ok = 0;
inline constexpr int failed = 1;
inline constexpr int worker_boot = 3;
inline constexpr int app_load = 4;
inline constexpr int usage = 64;
inline constexpr int undecodable = 65;
inline constexpr int model_failed = 66;
inline constexpr int unavailable = 69;
inline constexpr int internal = 70;
inline constexpr int os_error = 71;
inline constexpr int cannot_create = 73;
inline constexpr int lost_parent = 75;
inline constexpr int limit = 76;
inline constexpr int bad_config = 78;

struct Meaning {
    int code;
    std::string_view name;
    std::string_view meaning;
    bool is_hopeless = false;  // another try would fail the same way
};

inline constexpr Meaning kTable[] = {
    {ok, "ok", "ended as asked"},
    {failed, "failed", "a client command did not do what was asked"},
    {worker_boot, "worker_boot", "a worker could not start: Gunicorn's code, ours are 66 and 73",
     true},
    {app_load, "app_load", "the application could not be loaded: Gunicorn's code, ours is 78",
     true},
    {usage, "usage", "unknown flag or value", true},
    {undecodable, "undecodable", "tutti-decode: not audio it can read"},
    {model_failed, "model_failed", "model files or the engine's program missing or unreadable",
     true},
    {unavailable, "unavailable", "the server cannot be reached"},
    {internal, "internal", "a fault of ours"},
    {os_error, "os_error", "the system refused something we need"},
    {cannot_create, "cannot_create", "address in use, no runtime or spool folder", true},
    {lost_parent, "lost_parent", "a child whose supervisor is gone"},
    {limit, "limit", "tutti-decode: a limit (length, channels) was exceeded"},
    {bad_config, "bad_config", "the configuration cannot be used", true},
};

constexpr bool is_hopeless(int code) {
    for (const auto& row : kTable)
        if (row.code == code) return row.is_hopeless;
    return false;
}

// Empty for a code that is none of ours.
constexpr std::string_view name_of(int code) {
    for (const auto& row : kTable)
        if (row.code == code) return row.name;
    return {};
}

}  // namespace tutti::exit_code
