// SPDX-License-Identifier: Apache-2.0
// Whether the store of this process may still be written to. Any thread.
#pragma once

#include "base/error.h"

#include <mutex>
#include <optional>

namespace tutti::store {

class StoreHealth {
  public:
    // After a failed sync or damage nothing is written any more: what the kernel could not write it
    // may take for written, so that a second try would prove nothing. The first cause stays.
    void set_broken(const Error& cause);
    std::optional<Error> broken() const;

  private:
    mutable std::mutex mutex_;
    std::optional<Error> cause_;  // guarded by mutex_
};

}  // namespace tutti::store
