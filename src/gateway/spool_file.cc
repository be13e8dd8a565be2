// SPDX-License-Identifier: Apache-2.0
#include "gateway/spool_file.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>

namespace tutti::gateway {
namespace {

Error spool_error(int number) {
    if (number == ENOSPC || number == EDQUOT)
        return Error(Errc::no_space, "there is no room for the upload");
    return Error(std::error_code(number, std::system_category()), "spool");
}

// A descriptor, or minus errno. Some file systems know no unnamed files: there a named one is
// made and its name removed at once.
int open_unnamed(const std::string& folder) {
    int fd = ::open(folder.c_str(), O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR)) {
        std::string name = folder + "/tutti-XXXXXX";
        fd = ::mkostemp(name.data(), O_CLOEXEC);
        if (fd >= 0) ::unlink(name.c_str());
    }
    return fd < 0 ? -errno : fd;
}

// 0, or errno.
int write_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const auto n = ::write(fd, bytes.data(), bytes.size());
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno;
        bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return 0;
}

}  // namespace

asio::awaitable<Result<SpoolFile>> SpoolFile::create(runtime::BlockingPool& pool,
                                                     const std::string& folder) {
    const int fd = co_await pool.run([&folder] { return open_unnamed(folder); });
    if (fd < 0) co_return spool_error(-fd);
    co_return SpoolFile(pool, UniqueFd(fd));
}

asio::awaitable<Result<void>> SpoolFile::append(std::string_view bytes, runtime::Sha256* digest) {
    const int failure = co_await pool_->run([this, bytes, digest] {
        if (digest) digest->update(bytes);
        return write_all(fd_.get(), bytes);
    });
    if (failure != 0) co_return spool_error(failure);
    size_ += bytes.size();
    co_return Result<void>();
}

}  // namespace tutti::gateway
