// SPDX-License-Identifier: Apache-2.0
#include "runtime/key_file.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>
#include <set>
#include <thread>

namespace tutti::runtime {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kSize = 32;

class KeyFile : public testing::Test {
  protected:
    void SetUp() override {
        auto name = testing::TempDir() + "key-XXXXXX";
        ASSERT_TRUE(::mkdtemp(name.data()));
        folder_ = name;
    }
    void TearDown() override { fs::remove_all(folder_); }

    fs::path folder_;
};

TEST_F(KeyFile, IsMadeOnceForItsUserAlone) {
    const auto path = folder_ / "a/b/key";
    const auto key = load_or_make_key(path, kSize).value();
    EXPECT_EQ(key.size(), kSize);
    EXPECT_NE(key, random_key(kSize));
    EXPECT_EQ(load_or_make_key(path, kSize).value(), key);
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 0777, 0600u);
    EXPECT_EQ(std::distance(fs::directory_iterator(path.parent_path()), {}), 1);
}

TEST_F(KeyFile, WhoMakesItAtOnceGetsTheSame) {
    std::vector<std::string> keys(8);
    std::vector<std::thread> threads;
    for (auto& key : keys)
        threads.emplace_back(
            [&key, this] { key = load_or_make_key(folder_ / "key", kSize).value(); });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(std::set(keys.begin(), keys.end()).size(), 1u);
}

TEST_F(KeyFile, WhatIsNoKeyIsLeftAsItIs) {
    const auto path = folder_ / "key";
    std::ofstream(path) << "short";
    fs::permissions(path, fs::perms::owner_read);
    EXPECT_EQ(load_or_make_key(path, kSize).error().errc(), Errc::bad_config);
    EXPECT_EQ(fs::file_size(path), 5u);
    EXPECT_EQ(load_or_make_key(folder_, kSize).error().errc(), Errc::bad_config);
    EXPECT_FALSE(load_or_make_key(path / "below", kSize));
}

TEST_F(KeyFile, OneThatOthersCanReadIsRefused) {
    const auto path = folder_ / "key";
    (void)load_or_make_key(path, kSize).value();
    fs::permissions(path, fs::perms::group_read, fs::perm_options::add);
    EXPECT_EQ(load_or_make_key(path, kSize).error().errc(), Errc::bad_config);
    fs::permissions(path, fs::perms::group_read, fs::perm_options::remove);
    EXPECT_TRUE(load_or_make_key(path, kSize));
    fs::create_symlink(path, folder_ / "link");
    EXPECT_FALSE(load_or_make_key(folder_ / "link", kSize));
}

TEST(InheritedKey, IsReadByEveryChild) {
    const auto key = random_key(kSize);
    const auto fd = key_descriptor(key).value();
    for (int child = 0; child < 2; ++child)
        EXPECT_EQ(take_inherited_key(::dup(fd.get()), kSize).value(), key);
    EXPECT_EQ(take_inherited_key(::dup(fd.get()), kSize + 1).error().errc(), Errc::bad_config);
    EXPECT_FALSE(take_inherited_key(-1, kSize));
}

}  // namespace
}  // namespace tutti::runtime
