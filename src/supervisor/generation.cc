// SPDX-License-Identifier: Apache-2.0
#include "supervisor/generation.h"

#include "config/load.h"

#include <sys/mman.h>
#include <unistd.h>

namespace tutti::supervisor {

Result<std::shared_ptr<const Generation>> Generation::make(std::uint32_t number,
                                                           config::Config config) {
    const auto text = config::print(config);
    UniqueFd fd(::memfd_create("tutti-config", MFD_CLOEXEC));
    if (!fd || ::write(fd.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()))
        return errno_error("memfd for the configuration");
    return std::shared_ptr<const Generation>(
        new Generation{number, std::move(config), std::move(fd)});
}

}  // namespace tutti::supervisor
