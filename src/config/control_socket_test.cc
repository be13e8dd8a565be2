// SPDX-License-Identifier: Apache-2.0
#include "config/control_socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>

namespace tutti::config {
namespace {

using testing::ElementsAre;

std::string system_path(int port) {
    const auto number = std::to_string(port);
    if (::geteuid() == 0) return "/run/tutti-ctl-" + number + ".sock";
    return "/tmp/tutti-ctl-" + std::to_string(::geteuid()) + "-" + number + ".sock";
}

TEST(ControlSocket, IsTheSettingWhenThereIsOne) {
    const Config config{.control_socket = "/x/y.sock"};
    EXPECT_THAT(control_socket_paths(config, 8000), ElementsAre("/x/y.sock"));
}

TEST(ControlSocket, IsNamedAfterThePortInTheUsersOrTheSystemsPlace) {
    ::setenv("XDG_RUNTIME_DIR", "/tmp", 1);
    EXPECT_EQ(control_socket_path({}, 8000), "/tmp/tutti-ctl-8000.sock");
    EXPECT_THAT(control_socket_paths({}, 8000),
                ElementsAre("/tmp/tutti-ctl-8000.sock", system_path(8000)));
    for (const char* unusable : {"/nonexistent", "relative", ""}) {
        ::setenv("XDG_RUNTIME_DIR", unusable, 1);
        EXPECT_EQ(control_socket_path({}, 81), system_path(81)) << unusable;
    }
    ::unsetenv("XDG_RUNTIME_DIR");
    EXPECT_THAT(control_socket_paths({}, 80), ElementsAre(system_path(80)));
}

}  // namespace
}  // namespace tutti::config
