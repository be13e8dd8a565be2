// SPDX-License-Identifier: Apache-2.0
#include "store/store_health.h"

#include "base/log.h"

namespace tutti::store {

void StoreHealth::set_broken(const Error& cause) {
    const std::scoped_lock lock(mutex_);
    if (cause_) return;
    cause_ = Error(cause.errc(), cause.context + "; the job store takes nothing until a restart");
    log::error("store={}", cause_->context);
}

std::optional<Error> StoreHealth::broken() const {
    const std::scoped_lock lock(mutex_);
    return cause_;
}

}  // namespace tutti::store
