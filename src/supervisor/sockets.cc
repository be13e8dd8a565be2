// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets.h"

#include "base/log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace tutti::supervisor {
namespace {

namespace fs = std::filesystem;

constexpr int kBacklog = 4096;  // the kernel clamps it to net.core.somaxconn
constexpr const char* kDirPrefix = "tutti-";

void remove_orphans(const fs::path& parent) {
    std::error_code ignored;
    for (const auto& entry : fs::directory_iterator(parent, ignored)) {
        if (!entry.path().filename().string().starts_with(kDirPrefix)) continue;
        struct stat info {};
        if (::lstat(entry.path().c_str(), &info) != 0 || !S_ISDIR(info.st_mode)) continue;
        UniqueFd lock(::open((entry.path() / "lock").c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
        // The folder may be the children's user's; the lock in it stays its maker's.
        if (!lock || ::fstat(lock.get(), &info) != 0 || info.st_uid != ::geteuid()) continue;
        if (info.st_nlink != 1 || ::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) continue;
        log::info("removing {} of a server that was killed", entry.path().string());
        fs::remove_all(entry.path(), ignored);
    }
}

Result<UniqueFd> bind_unix(const fs::path& path, int type) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const auto& text = path.native();
    if (text.size() >= sizeof address.sun_path)
        return Error(Errc::bad_config, "runtime_dir: the path is too long for a socket: " + text);
    std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
    UniqueFd fd(::socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return errno_error("socket");
    if (::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0)
        return errno_error("bind " + text);
    return fd;
}

}  // namespace

Result<UniqueFd> listen_unix(const fs::path& path) {
    auto fd = bind_unix(path, SOCK_STREAM);
    if (fd && ::listen(fd->get(), kBacklog) != 0) return errno_error("listen " + path.string());
    return fd;
}

Result<Endpoint> Endpoint::make(fs::path path) {
    auto listener = listen_unix(path);
    if (!listener) return listener.error();
    return Endpoint(std::move(path), std::move(*listener));
}

Endpoint::~Endpoint() {
    std::error_code ignored;
    if (listener_) fs::remove(path_, ignored);
}

Result<UniqueFd> bind_datagram(const fs::path& path) {
    return bind_unix(path, SOCK_DGRAM);
}

Result<RuntimeDir> RuntimeDir::make(const std::string& parent) {
    fs::path base = parent;
    if (base.empty()) {
        const char* xdg = std::getenv("XDG_RUNTIME_DIR");
        base = xdg && fs::is_directory(xdg) ? fs::path(xdg) : fs::temp_directory_path();
    }
    std::error_code failure;
    fs::create_directories(base, failure);
    remove_orphans(base);
    std::string name = (base / (std::string(kDirPrefix) + "XXXXXX")).string();
    if (!::mkdtemp(name.data())) return errno_error("make a folder in " + base.string());
    UniqueFd lock(::open((fs::path(name) / "lock").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!lock) return errno_error("create lock in " + name);
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) return errno_error("lock " + name);
    return RuntimeDir(name, std::move(lock));
}

RuntimeDir::~RuntimeDir() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
}

}  // namespace tutti::supervisor
