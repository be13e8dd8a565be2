// SPDX-License-Identifier: Apache-2.0
// The file that names our process, and the lock that keeps a second server from the same file.
//
//   auto pidfile = Pidfile::take(path);     // at start: busy when another live server has it
//   pidfile->write();                       // once ready, and not before
//
// Of a binary upgrade:
//   old: hands lock_fd() over, later release()
//   new: auto pidfile = Pidfile::adopt(path, lock);  pidfile->write();
//   old, when the new one failed after that: write() again
//
// 1. What counts is the lock on "<path>.lock", never the number in the file: whatever has our old
//    number now does not block a start. The lock goes with the last process that holds it.
// 2. The file appears whole or not at all, and is removed only while it names us.
// 3. "<path>.lock" stays: removing it would let two servers lock two files of that name.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"

#include <string>
#include <utility>

namespace tutti::supervisor {

class Pidfile {
  public:
    // Errc::busy, with the other's pid, when another server has it.
    static Result<Pidfile> take(const std::string& path);
    // `lock` is another process's lock_fd(), received from it.
    static Result<Pidfile> adopt(const std::string& path, UniqueFd lock);

    Pidfile(Pidfile&& other) noexcept
        : path_(std::exchange(other.path_, {})), lock_(std::move(other.lock_)) {}
    Pidfile& operator=(Pidfile&&) = delete;
    ~Pidfile();

    Result<void> write();

    int lock_fd() const { return lock_.get(); }
    // Leaves file and lock to the successor that has adopted them.
    void release();

  private:
    Pidfile(std::string path, UniqueFd lock) : path_(std::move(path)), lock_(std::move(lock)) {}

    std::string path_;
    UniqueFd lock_;
};

}  // namespace tutti::supervisor
