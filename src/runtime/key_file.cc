// SPDX-License-Identifier: Apache-2.0
#include "runtime/key_file.h"

#include "base/check.h"
#include "base/ids.h"
#include "base/log.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

namespace tutti::runtime {
namespace {

namespace fs = std::filesystem;

Error unusable(const fs::path& path, std::string_view why) {
    return Error(Errc::bad_config, log::printable(path.string()) + ": " + std::string(why));
}

Error failed(std::string_view what, const fs::path& path) {
    return errno_error(std::string(what) + " " + log::printable(path.string()));
}

bool is_missing(const Error& error) {
    return error.code == std::errc::no_such_file_or_directory;
}

Result<std::string> read_key(const fs::path& path, std::size_t size) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat status {};
    if (!fd || ::fstat(fd.get(), &status) != 0) return failed("open", path);
    if (!S_ISREG(status.st_mode) || status.st_size != static_cast<off_t>(size))
        return unusable(path, "is no key of this server");
    if (status.st_uid != ::geteuid() || (status.st_mode & (S_IRWXG | S_IRWXO)) != 0)
        return unusable(path, "must be its user's alone (chmod 600)");
    std::string key(size, '\0');
    if (::read(fd.get(), key.data(), size) != static_cast<ssize_t>(size))
        return failed("read", path);
    return key;
}

Result<void> write_durably(const fs::path& path, const std::string& key) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!fd) return failed("make", path);
    if (::write(fd.get(), key.data(), key.size()) != static_cast<ssize_t>(key.size()) ||
        ::fsync(fd.get()) != 0)
        return failed("write", path);
    return {};
}

// Whole under its name, or not there: others may read it at any time.
Result<void> make_key(const fs::path& path, std::size_t size) {
    const fs::path fresh = path.string() + "." + random_hex(8);
    auto done = write_durably(fresh, random_key(size));
    if (done && ::link(fresh.c_str(), path.c_str()) != 0 && errno != EEXIST)
        done = failed("make", path);
    ::unlink(fresh.c_str());
    return done;
}

fs::path absolute_path_in(const char* variable) {
    const char* value = std::getenv(variable);
    return value && *value == '/' ? value : "";
}

}  // namespace

std::string random_key(std::size_t size) {
    std::string key(size, '\0');
    check(::getentropy(key.data(), size) == 0, "the system gives random bytes");
    return key;
}

Result<std::string> load_or_make_key(const fs::path& path, std::size_t size) {
    auto key = read_key(path, size);
    if (key || !is_missing(key.error())) return key;
    std::error_code failure;
    fs::create_directories(path.parent_path(), failure);
    if (failure) return Error(failure, "make " + log::printable(path.parent_path().string()));
    if (auto done = make_key(path, size); !done) return done.error();
    return read_key(path, size);
}

Result<UniqueFd> key_descriptor(const std::string& key) {
    UniqueFd fd(::memfd_create("tutti-key", MFD_CLOEXEC));
    if (!fd || ::write(fd.get(), key.data(), key.size()) != static_cast<ssize_t>(key.size()))
        return errno_error("memfd for a key");
    return fd;
}

Result<std::string> take_inherited_key(int fd, std::size_t size) {
    const UniqueFd owned(fd);
    std::string key(size, '\0');
    // Others read the same open file, so its position is nobody's.
    const auto n = ::pread(fd, key.data(), size, 0);
    if (n < 0) return errno_error("read the inherited key");
    if (n != static_cast<ssize_t>(size))
        return Error(Errc::bad_config, "the inherited key is short");
    return key;
}

fs::path usual_state_dir() {
    if (::geteuid() == 0) return "/var/lib/tutti/state";
    if (const auto state = absolute_path_in("XDG_STATE_HOME"); !state.empty())
        return state / "tutti";
    if (const auto home = absolute_path_in("HOME"); !home.empty())
        return home / ".local/state/tutti";
    return {};
}

}  // namespace tutti::runtime
