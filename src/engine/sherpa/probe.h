// SPDX-License-Identifier: Apache-2.0
// Tries in a process that is thrown away what may end the process: a library that calls exit() over
// a bad file, aborts or hangs costs that child alone, and becomes one line of error.
//
//   if (auto done = try_in_child([] { load_the_model(); }, 60s); !done) …
//
// The child is forked: call it while the process has one thread. What the attempt prints, or
// throws, is in the error; nothing of it reaches our standard error.
#pragma once

#include "base/error.h"

#include <chrono>
#include <functional>

namespace tutti::engine::sherpa {

// Blocks until the attempt has returned, failed or taken longer than the limit.
Result<void> try_in_child(const std::function<void()>& attempt, std::chrono::milliseconds limit);

}  // namespace tutti::engine::sherpa
