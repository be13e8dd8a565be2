// SPDX-License-Identifier: Apache-2.0
#include "config/control_socket.h"

#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace tutti::config {

std::string control_socket_path(const Config& config, std::uint16_t port) {
    return control_socket_paths(config, port).front();
}

std::vector<std::string> control_socket_paths(const Config& config, std::uint16_t port) {
    if (!config.control_socket.empty()) return {config.control_socket};
    std::vector<std::string> paths;
    const auto name = fmt::format("tutti-ctl-{}.sock", port);
    const char* const own = std::getenv("XDG_RUNTIME_DIR");
    std::error_code ignored;
    if (own && *own == '/' && std::filesystem::is_directory(own, ignored))
        paths.push_back(fmt::format("{}/{}", own, name));
    if (::geteuid() == 0)
        paths.push_back("/run/" + name);
    else
        paths.push_back(fmt::format("/tmp/tutti-ctl-{}-{}.sock", ::geteuid(), port));
    return paths;
}

}  // namespace tutti::config
