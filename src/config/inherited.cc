// SPDX-License-Identifier: Apache-2.0
#include "config/inherited.h"

#include <unistd.h>

namespace tutti::config {

Result<Config> load_inherited(int fd) {
    std::string text;
    char block[4096];
    for (off_t at = 0;;) {
        const auto n = ::pread(fd, block, sizeof block, at);
        if (n < 0) return errno_error("read the inherited configuration");
        if (n == 0) break;
        text.append(block, static_cast<std::size_t>(n));
        at += n;
    }
    ::close(fd);
    return parse(text, "inherited configuration");
}

}  // namespace tutti::config
