// SPDX-License-Identifier: Apache-2.0
// Confines the calling process for good: afterwards it can compute, allocate memory up to a limit,
// read descriptor 0 and write descriptors 1 and 2. Everything else, opening a file or a socket
// first of all, ends it with SIGSYS.
//
// Called once, in a single-threaded process, before the first byte of a client is read. What needs
// the file system (time zone, descriptors' flags) is settled before. It dies with the thread that
// spawned it, so a parent spawns from a thread that lives as long as the job.
#pragma once

#include "base/error.h"

#include <chrono>

namespace tutti::media {

struct SandboxLimits {
    std::size_t memory_bytes = 0;  // address space, the libraries' own included
    std::chrono::seconds cpu_time{};
    std::size_t output_bytes = 0;  // where standard output is a regular file
};

enum class Confinement {
    full,
    limits_only,  // a sanitizer build: its runtime needs more calls and more address space
};

Result<Confinement> enter_sandbox(const SandboxLimits& limits);

}  // namespace tutti::media
