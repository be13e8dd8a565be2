// SPDX-License-Identifier: Apache-2.0
#include "media/input.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

namespace tutti::media {

Input::Input(int fd, std::function<void()> before_wait)
    : fd_(fd), before_wait_(std::move(before_wait)) {
    struct stat about {};
    if (::fstat(fd, &about) == 0 && S_ISREG(about.st_mode)) size_ = about.st_size;
    // The other end of a socket pair may have made both non-blocking.
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags >= 0 && (flags & O_NONBLOCK)) ::fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
}

std::optional<audio::Container> Input::sniff() {
    // A stream is asked for no more than decides, since its sender may wait for an answer.
    static constexpr std::size_t kDecisiveBytes = 16;
    const auto enough = size_ ? audio::kSniffBytes : kDecisiveBytes;
    std::string buffer(audio::kSniffBytes, '\0');
    std::optional<audio::Container> container;
    while (!container && head_.size() < enough) {
        const auto count = read_more(buffer.data(), buffer.size());
        if (count <= 0) break;
        head_.append(buffer, 0, static_cast<std::size_t>(count));
        container = audio::sniff(head_);
    }
    if (size_) {
        position_ = 0;
        head_taken_ = head_.size();
    }
    return container;
}

std::ptrdiff_t Input::read(char* out, std::size_t size) {
    const auto ready = std::min(head_.size() - head_taken_, size);
    if (ready == 0) return read_more(out, size);
    std::memcpy(out, head_.data() + head_taken_, ready);
    head_taken_ += ready;
    return static_cast<std::ptrdiff_t>(ready);
}

std::ptrdiff_t Input::read_more(char* out, std::size_t size) {
    for (;;) {
        before_wait_();
        const auto count = size_ ? ::pread(fd_, out, size, position_) : ::read(fd_, out, size);
        if (count < 0 && errno == EINTR) continue;
        if (count > 0) position_ += count;
        return count;
    }
}

}  // namespace tutti::media
