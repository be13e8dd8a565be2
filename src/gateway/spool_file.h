// SPDX-License-Identifier: Apache-2.0
// An upload while it is worked on: a file without a name in the spool folder.
//
// The kernel frees it when the last process that holds it ends, so nothing is ever left behind,
// whoever is killed. Writes happen on the blocking pool.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"
#include "runtime/blocking_pool.h"
#include "runtime/sha256.h"

#include <boost/asio/awaitable.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace tutti::gateway {

namespace asio = boost::asio;

class SpoolFile {
  public:
    // Errc::no_space when the folder has no room for even an empty file.
    static asio::awaitable<Result<SpoolFile>> create(runtime::BlockingPool& pool,
                                                     const std::string& folder);

    // All of it, or Errc::no_space. `digest` takes the bytes in too, off the loop like the write.
    asio::awaitable<Result<void>> append(std::string_view bytes, runtime::Sha256* digest = nullptr);

    int fd() const { return fd_.get(); }
    std::uint64_t size() const { return size_; }

  private:
    SpoolFile(runtime::BlockingPool& pool, UniqueFd fd) : pool_(&pool), fd_(std::move(fd)) {}

    runtime::BlockingPool* pool_;
    UniqueFd fd_;
    std::uint64_t size_ = 0;
};

}  // namespace tutti::gateway
