// SPDX-License-Identifier: Apache-2.0
// While it lives no other process changes what lies in a folder by way of one of these. Waits for
// its turn: changes take moments. The kernel releases it with the process.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

#include <fcntl.h>
#include <sys/file.h>

#include <filesystem>

namespace tutti::depot {

class DirLock {
  public:
    static Result<DirLock> take(const std::filesystem::path& dir) {
        UniqueFd fd(::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        if (!fd || ::flock(fd.get(), LOCK_EX) != 0) return errno_error("lock " + dir.string());
        return DirLock(std::move(fd));
    }

  private:
    explicit DirLock(UniqueFd fd) : fd_(std::move(fd)) {}
    UniqueFd fd_;
};

}  // namespace tutti::depot
