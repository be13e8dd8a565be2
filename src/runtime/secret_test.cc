// SPDX-License-Identifier: Apache-2.0
#include "runtime/secret.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace tutti::runtime {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::Not;

class Secret : public testing::Test {
  protected:
    void SetUp() override {
        auto name = testing::TempDir() + "secret-XXXXXX";
        ASSERT_TRUE(::mkdtemp(name.data()));
        folder_ = name;
    }
    void TearDown() override { std::filesystem::remove_all(folder_); }
    std::string file(std::string_view text) {
        std::ofstream(folder_ / "key", std::ios::binary) << text;
        return folder_ / "key";
    }
    std::string fault_of_pair(std::string_view text) {
        const auto pair = load_secret_pair(file(text));
        if (pair) return "none";
        EXPECT_EQ(pair.error().errc(), Errc::bad_config);
        EXPECT_THAT(pair.error().context, AllOf(HasSubstr("key: "), Not(HasSubstr("hidden"))));
        return pair.error().context;
    }
    std::filesystem::path folder_;
};

TEST_F(Secret, IsOneLineOfAFile) {
    EXPECT_EQ(load_secret_file(file("sk-1 \r\n\n")).value(), "sk-1");
    EXPECT_FALSE(load_secret_file(file("\n")));
    EXPECT_FALSE(load_secret_file(file("one\ntwo")));
    EXPECT_FALSE(load_secret_file(file(std::string(5000, 'x'))));
    EXPECT_FALSE(load_secret_file(folder_ / "missing"));
    EXPECT_FALSE(load_secret_file(folder_));
}

TEST_F(Secret, IsAVariable) {
    ::setenv("TEST_SECRET", "sk-2", 1);
    EXPECT_EQ(load_secret_variable("TEST_SECRET").value(), "sk-2");
    ::unsetenv("TEST_SECRET");
    const auto missing = load_secret_variable("TEST_SECRET");
    ASSERT_FALSE(missing);
    EXPECT_THAT(missing.error().context, HasSubstr("TEST_SECRET: holds no key"));
}

TEST_F(Secret, APairIsTwoLines) {
    const auto pair = load_secret_pair(file("who\r\nhidden/+=\n"));
    ASSERT_TRUE(pair) << pair.error().message();
    EXPECT_EQ(pair->id, "who");
    EXPECT_EQ(pair->secret, "hidden/+=");
    EXPECT_THAT(fault_of_pair("hidden"), HasSubstr("two lines"));
    EXPECT_THAT(fault_of_pair("\nhidden"), HasSubstr("holds no key"));
    EXPECT_THAT(fault_of_pair("who\n\n"), HasSubstr("holds no key"));
    EXPECT_THAT(fault_of_pair("who\nhidden\nhidden"), HasSubstr("no key"));
}

}  // namespace
}  // namespace tutti::runtime
