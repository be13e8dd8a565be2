// SPDX-License-Identifier: Apache-2.0
// What this folder's tests share. Tests only.
#pragma once

#include "runtime/task_group.h"

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace tutti::cli::test {

// A folder that is gone with its contents when the test ends.
class TempFolder {
  public:
    TempFolder() {
        auto name = (std::filesystem::temp_directory_path() / "tutti-cli-XXXXXX").string();
        if (!::mkdtemp(name.data())) throw std::runtime_error("mkdtemp");
        path_ = name;
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;
    ~TempFolder() { std::filesystem::remove_all(path_); }

    std::string operator/(const std::string& name) const { return path_ / name; }
    const std::filesystem::path& path() const { return path_; }

    std::string write(const std::string& name, std::string_view text) const {
        std::ofstream(path_ / name, std::ios::binary) << text;
        return path_ / name;
    }
    std::string read(const std::string& name) const {
        std::ifstream in(path_ / name, std::ios::binary);
        return {std::istreambuf_iterator<char>(in), {}};
    }

  private:
    std::filesystem::path path_;
};

// Runs a coroutine to its end; fails the test if it takes longer than a generous deadline.
inline void run_test(boost::asio::io_context& loop, boost::asio::awaitable<void> body) {
    runtime::TaskGroup tasks(loop);
    tasks.spawn("test", std::move(body));
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (tasks.size() > 0 && loop.run_one_until(deadline) > 0) {
    }
    EXPECT_EQ(tasks.size(), 0u) << "the test did not finish";
    loop.stop();
}

}  // namespace tutti::cli::test
