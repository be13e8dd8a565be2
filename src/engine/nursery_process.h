// SPDX-License-Identifier: Apache-2.0
// What runs inside the nursery: loads the model, then forks a decode worker for each request and
// reaps those that ended. Called in a process that was just forked, with one thread.
#pragma once

#include "engine/nursery.h"

namespace tutti::engine {

// `parent` is the process that `control` leads to.
[[noreturn]] void run_nursery(UniqueFd control, pid_t parent, const ModelLoader& load_model);

}  // namespace tutti::engine
