// SPDX-License-Identifier: Apache-2.0
// check(condition, "why") ends the process when an invariant of ours is broken: a restart is
// cheap and tested every day, a process in an impossible state is neither. Never for anything a
// client, a model or the network can cause.
#pragma once

namespace tutti {

[[noreturn]] void check_failed(const char* why, const char* file, int line);

// The defaults name the caller's place (clang 14's library has no std::source_location).
inline void check(bool condition, const char* why, const char* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
    if (!condition) [[unlikely]]
        check_failed(why, file, line);
}

}  // namespace tutti
