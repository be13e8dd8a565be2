// SPDX-License-Identifier: Apache-2.0
#include "base/exit_code.h"
#include "supervisor/run.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>

namespace tutti::supervisor {
namespace {

namespace fs = std::filesystem;

TEST(Supervisor, EndsAtOnceWhenNoProgramCanBeStarted) {
    std::string folder = (fs::temp_directory_path() / "tutti-test-XXXXXX").string();
    ASSERT_NE(::mkdtemp(folder.data()), nullptr);
    config::Config config{.port = 0};
    config.runtime_dir = folder;
    config.control_socket = fs::path(folder) / "ctl.sock";
    config.program_dir = folder;
    ::alarm(20);  // a server that does not end would hang the test
    EXPECT_EQ(run(config, {}), exit_code::model_failed);
    ::alarm(0);
    EXPECT_TRUE(fs::is_empty(folder));
    fs::remove_all(folder);
}

}  // namespace
}  // namespace tutti::supervisor
