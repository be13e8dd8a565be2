// SPDX-License-Identifier: Apache-2.0
#include "depot/claim.h"

#include "base/log.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace tutti::depot {

Result<Claim> Claim::take(std::filesystem::path path) {
    for (;;) {
        UniqueFd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0644));
        if (!fd) return errno_error("write " + log::printable(path.string()));
        if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
            if (errno != EWOULDBLOCK) return errno_error("lock " + log::printable(path.string()));
            return Error(Errc::busy, "another command is downloading this");
        }
        // Whoever had it may have removed the file between our two calls.
        struct stat status {};
        if (::fstat(fd.get(), &status) != 0) return errno_error("fstat");
        if (status.st_nlink > 0) return Claim(std::move(path), std::move(fd));
    }
}

Claim::~Claim() {
    if (!fd_) return;
    std::error_code ignored;
    std::filesystem::remove(path_, ignored);
}

}  // namespace tutti::depot
