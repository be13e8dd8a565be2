// SPDX-License-Identifier: Apache-2.0
#include "base/check.h"

#include "base/log.h"

#include <cstdlib>

namespace tutti {

void check_failed(const char* why, const char* file, int line) {
    log::critical("broken invariant: {} at={}:{}", why, file, line);
    std::abort();
}

}  // namespace tutti
