// SPDX-License-Identifier: Apache-2.0
// The right to work on one download: a locked file, so that two commands do not write the same
// partial file. The kernel ends it with the process.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

#include <filesystem>

namespace tutti::depot {

class Claim {
  public:
    // Errc::busy when another process has it.
    static Result<Claim> take(std::filesystem::path path);
    Claim(Claim&&) = default;
    ~Claim();

  private:
    Claim(std::filesystem::path path, UniqueFd fd) : path_(std::move(path)), fd_(std::move(fd)) {}

    std::filesystem::path path_;
    UniqueFd fd_;
};

}  // namespace tutti::depot
