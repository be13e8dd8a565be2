// SPDX-License-Identifier: Apache-2.0
// Blocks for an answer of the store, for commands and tests. Never on a loop, never in a `then`.
//
//   auto found = wait<Lookup>([&](auto then) { store.find(tenant, id, then); });
#pragma once

#include "store/job_store.h"

#include <future>

#include <memory>

namespace tutti::store {

template <class T, class Start>
Result<T> wait(Start&& start) {
    auto answer = std::make_shared<std::promise<Result<T>>>();
    auto future = answer->get_future();
    start(Then<T>([answer](Result<T> result) { answer->set_value(std::move(result)); }));
    return future.get();
}

}  // namespace tutti::store
