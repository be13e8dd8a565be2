// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace tutti::supervisor {
namespace {

namespace fs = std::filesystem;

class RuntimeDirTest : public testing::Test {
  protected:
    RuntimeDirTest() {
        std::string name = (fs::temp_directory_path() / "sockets-test-XXXXXX").string();
        parent = ::mkdtemp(name.data());
    }
    ~RuntimeDirTest() override { fs::remove_all(parent); }

    std::size_t entries() const {
        return static_cast<std::size_t>(std::distance(fs::directory_iterator(parent), {}));
    }
    fs::path parent;
};

TEST_F(RuntimeDirTest, IsPrivateAndGoesWithItsOwner) {
    {
        auto dir = RuntimeDir::make(parent);
        ASSERT_TRUE(dir);
        struct stat info {};
        ASSERT_EQ(::stat(dir->path().c_str(), &info), 0);
        EXPECT_EQ(info.st_mode & 0777, 0700u);
        EXPECT_TRUE(listen_unix(dir->path() / "a.sock"));
    }
    EXPECT_EQ(entries(), 0u);
}

TEST_F(RuntimeDirTest, TheNextServerRemovesWhatAKilledOneLeft) {
    fs::create_directory(parent / "tutti-orphan");
    std::ofstream(parent / "tutti-orphan" / "lock") << "";
    auto living = RuntimeDir::make(parent);
    ASSERT_TRUE(living);
    EXPECT_FALSE(fs::exists(parent / "tutti-orphan"));
    auto another = RuntimeDir::make(parent);
    ASSERT_TRUE(another);
    EXPECT_TRUE(fs::exists(living->path())) << "a living server's folder must stay";
}

TEST_F(RuntimeDirTest, AKilledServersFolderIsFoundAlsoWhenItsChildrensUserOwnsIt) {
    if (::geteuid() != 0) GTEST_SKIP() << "not run by root";
    for (const char* name : {"tutti-ours", "tutti-foreign"}) {
        fs::create_directory(parent / name);
        std::ofstream(parent / name / "lock") << "";
        ASSERT_EQ(::chown((parent / name).c_str(), 65534, 65534), 0);
    }
    ASSERT_EQ(::chown((parent / "tutti-foreign" / "lock").c_str(), 65534, 65534), 0);
    auto dir = RuntimeDir::make(parent);
    ASSERT_TRUE(dir);
    EXPECT_FALSE(fs::exists(parent / "tutti-ours"));
    EXPECT_TRUE(fs::exists(parent / "tutti-foreign"));
}

TEST(ListenUnix, TellsWhenThePathIsTooLong) {
    const auto result = listen_unix(fs::path("/tmp") / std::string(200, 'x'));
    ASSERT_FALSE(result);
    EXPECT_NE(result.error().message().find("too long"), std::string::npos);
}

}  // namespace
}  // namespace tutti::supervisor
