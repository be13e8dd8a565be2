// SPDX-License-Identifier: Apache-2.0
#include "supervisor/pidfile.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>

namespace tutti::supervisor {
namespace {

constexpr mode_t kMode = 0644;

std::string lock_path(const std::string& path) {
    return path + ".lock";
}

std::string own_line() {
    return std::to_string(::getpid()) + "\n";
}

// 0 when the file holds no number.
pid_t pid_in(int fd) {
    char text[32];
    const auto n = ::pread(fd, text, sizeof text, 0);
    if (n <= 0) return 0;
    pid_t pid = 0;
    std::from_chars(text, text + n, pid);
    return pid;
}

Result<void> write_all(int fd, const std::string& text) {
    const auto n = ::pwrite(fd, text.data(), text.size(), 0);
    if (n != static_cast<ssize_t>(text.size())) return errno_error("write");
    return {};
}

// So that a second server can name us also before the pidfile is there.
Result<void> sign(int lock) {
    if (::ftruncate(lock, 0) != 0) return errno_error("ftruncate");
    return write_all(lock, own_line());
}

Error named(const std::string& path, const Error& error) {
    return {error.code, fmt::format("pidfile {}: {}", path, error.context)};
}

}  // namespace

Result<Pidfile> Pidfile::take(const std::string& path) {
    const int flags = O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
    UniqueFd lock(::open(lock_path(path).c_str(), flags, kMode));
    if (!lock) return errno_error("pidfile " + path);
    return adopt(path, std::move(lock));
}

Result<Pidfile> Pidfile::adopt(const std::string& path, UniqueFd lock) {
    struct stat ours {
    }, there{};
    if (::fstat(lock.get(), &ours) != 0 || !S_ISREG(ours.st_mode) ||
        ::stat(lock_path(path).c_str(), &there) != 0 || ours.st_ino != there.st_ino ||
        ours.st_dev != there.st_dev)
        return Error(Errc::io, fmt::format("pidfile {}: {} is not the file that was locked", path,
                                           lock_path(path)));
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno != EWOULDBLOCK) return errno_error("lock of pidfile " + path);
        return Error(Errc::busy, fmt::format("pidfile {}: another server has it, pid {}", path,
                                             pid_in(lock.get())));
    }
    if (auto done = sign(lock.get()); !done) return named(lock_path(path), done.error());
    return Pidfile(path, std::move(lock));
}

Result<void> Pidfile::write() {
    if (auto signed_it = sign(lock_.get()); !signed_it)
        return named(lock_path(path_), signed_it.error());
    std::string name = path_ + ".XXXXXX";
    UniqueFd file(::mkostemp(name.data(), O_CLOEXEC));
    if (!file) return errno_error("pidfile " + path_);
    auto done = write_all(file.get(), own_line());
    if (done && ::fchmod(file.get(), kMode) != 0) done = errno_error("fchmod");
    if (done && ::rename(name.c_str(), path_.c_str()) != 0) done = errno_error("rename");
    if (done) return done;
    ::unlink(name.c_str());
    return named(path_, done.error());
}

void Pidfile::release() {
    path_.clear();
    lock_.reset();
}

Pidfile::~Pidfile() {
    if (path_.empty()) return;
    const UniqueFd file(::open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (file && pid_in(file.get()) == ::getpid()) ::unlink(path_.c_str());
}

}  // namespace tutti::supervisor
