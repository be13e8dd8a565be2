// SPDX-License-Identifier: Apache-2.0
#include "base/crash.h"
#include "base/error.h"
#include "base/ids.h"
#include "base/log.h"

#include <csignal>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <thread>

namespace tutti {
namespace {

TEST(Error, KeepsItsNameAndContext) {
    const Error error(Errc::unknown_model, "no model 'x'");
    EXPECT_EQ(error.errc(), Errc::unknown_model);
    EXPECT_EQ(error.message(), "no model 'x'");
    EXPECT_EQ(name_of(error.errc()), "unknown_model");
}

TEST(Error, ForeignCodesCountAsIo) {
    errno = ENOSPC;
    const Error error = errno_error("write");
    EXPECT_EQ(error.errc(), Errc::io);
    EXPECT_NE(error.message().find("write: "), std::string::npos);
}

TEST(Error, ValueOfAFailedResultThrows) {
    const Result<int> failed = Error(Errc::busy, "full");
    EXPECT_THROW((void)failed.value(), std::system_error);
}

TEST(Ids, UuidsHaveVersionFourAndDiffer) {
    const auto a = random_uuid(), b = random_uuid();
    ASSERT_EQ(a.size(), 36u);
    EXPECT_EQ(a[14], '4');
    EXPECT_NE(a, b);
    EXPECT_EQ(random_hex(4).size(), 8u);
}

TEST(Log, EscapesControlBytesOfClientText) {
    EXPECT_EQ(log::printable("a\n\x1b[31m"), "a\\x0a\\x1b[31m");
    EXPECT_EQ(log::printable(std::string(300, 'x'), 10), "xxxxxxxxxx...");
}

std::string text_of(const std::filesystem::path& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

struct TempDir {
    TempDir() {
        std::string name = (std::filesystem::temp_directory_path() / "base-test-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~TempDir() { std::filesystem::remove_all(path); }
    std::filesystem::path path;
};

TEST(Log, ARenamedFileIsLeftAtReopen) {
    const TempDir dir;
    const auto file = dir.path / "log";
    log::init("test", "info", file);
    log::info("one");
    std::filesystem::rename(file, dir.path / "log.1");
    log::info("two");
    log::reopen();
    log::info("three");
    log::set_level("warn");
    log::info("four");
    EXPECT_EQ(std::ranges::count(text_of(dir.path / "log.1"), '\n'), 2);
    const auto fresh = text_of(file);
    EXPECT_EQ(std::ranges::count(fresh, '\n'), 1);
    EXPECT_NE(fresh.find(" info test["), std::string::npos);
    EXPECT_NE(fresh.find("] three\n"), std::string::npos);
    log::init("test", "info");
}

TEST(Log, AFileThatCannotBeOpenedIsAnError) {
    EXPECT_THROW(log::init("test", "info", "/nonexistent/log"), std::system_error);
}

TEST(CrashDeathTest, AnAbortShowsTheStacksOfAllThreads) {
    GTEST_FLAG_SET(death_test_style, "threadsafe");
    const auto abort_with_a_thread = [] {
        crash::install();
        std::thread other([] { std::this_thread::sleep_for(std::chrono::seconds(60)); });
        ::raise(SIGABRT);
    };
    EXPECT_EXIT(abort_with_a_thread(), testing::KilledBySignal(SIGABRT),
                "fatal signal 6 (.|\n)*stack of thread(.|\n)*stack of thread");
}

}  // namespace
}  // namespace tutti
