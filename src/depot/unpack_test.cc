// SPDX-License-Identifier: Apache-2.0
#include "depot/unpack.h"

#include "depot/test_archive.h"
#include "models/test_folder.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace tutti::depot {
namespace {

namespace fs = std::filesystem;
using test::Packer;
using testing::HasSubstr;

class UnpackTest : public testing::Test {
  protected:
    UnpackTest() { fs::create_directory(into_); }
    // What is wrong with an archive of that content, or "fine".
    std::string fault_of(const std::function<void(Packer&)>& fill,
                         const std::string& name = "a.tar.gz") {
        const auto path = folder_ / name;
        fs::remove(path);
        fs::remove_all(into_);
        fs::create_directory(into_);
        Packer packer(path);
        fill(packer);
        packer.close();
        return unpack_of(path);
    }
    std::string unpack_of(const fs::path& path) {
        const auto done = unpack(path, into_, limits_, is_wanted_, work_);
        return done ? "fine" : done.error().context;
    }

    models::test::Folder folder_;
    fs::path into_ = folder_ / "into";
    UnpackLimits limits_;
    IsWanted is_wanted_;
    Work work_;
};

TEST_F(UnpackTest, ReadsEachFormat) {
    for (const char* name : {"a.tar.gz", "a.tar.bz2", "a.tar.xz", "a.tar", "a.zip"}) {
        const auto fault = fault_of(
            [](Packer& packer) {
                packer.folder("m")
                    .file("m/one", "1")
                    .file("./m/deep/two", std::string(99'999, '2'));
            },
            name);
        EXPECT_EQ(fault, "fine") << name;
        EXPECT_EQ(folder_.read("into/m/one"), "1") << name;
        EXPECT_EQ(folder_.read("into/m/deep/two"), std::string(99'999, '2')) << name;
        struct stat status {};
        ASSERT_EQ(::stat((into_ / "m/one").c_str(), &status), 0);
        EXPECT_EQ(status.st_mode & 07133, 0u) << "rights are not those of the archive";
    }
}

TEST_F(UnpackTest, KeepsOnlyWhatIsWanted) {
    is_wanted_ = [](const fs::path& path) { return path.filename() == "one"; };
    EXPECT_EQ(fault_of([](Packer& packer) { packer.file("m/one", "1").file("m/two", "2"); }),
              "fine");
    EXPECT_TRUE(fs::exists(into_ / "m/one"));
    EXPECT_FALSE(fs::exists(into_ / "m/two"));
}

TEST_F(UnpackTest, NothingLeavesTheFolder) {
    const auto outside = (folder_ / "outside").string();
    EXPECT_THAT(fault_of([&](Packer& packer) { packer.file(outside, "x"); }),
                HasSubstr("would lie outside"));
    EXPECT_THAT(fault_of([&](Packer& packer) { packer.file("a/../../outside", "x"); }),
                HasSubstr("'a/../../outside' would lie outside"));
    EXPECT_THAT(fault_of([&](Packer& packer) { packer.file("../outside", "x"); }, "a.zip"),
                HasSubstr("would lie outside"));
    EXPECT_FALSE(fs::exists(outside));
}

TEST_F(UnpackTest, LinksAndDevicesAreRefused) {
    const auto outside = (folder_ / "outside").string();
    fs::create_directory(outside);
    EXPECT_THAT(fault_of([&](Packer& packer) { packer.symlink("a", outside).file("a/evil", "x"); }),
                HasSubstr("'a' is a link"));
    EXPECT_FALSE(fs::exists(fs::path(outside) / "evil"));
    EXPECT_THAT(fault_of([&](Packer& packer) { packer.symlink("a", outside); }, "a.zip"),
                HasSubstr("'a' is a link"));
    EXPECT_THAT(
        fault_of([&](Packer& packer) { packer.file("b", "x").hardlink("a", "/etc/passwd"); }),
        HasSubstr("'a' is a link"));
    for (const unsigned int type : {AE_IFCHR, AE_IFBLK, AE_IFIFO})
        EXPECT_THAT(fault_of([&](Packer& packer) { packer.special("dev", type); }),
                    HasSubstr("'dev' is neither a file nor a folder"));
    EXPECT_TRUE(fs::is_empty(into_));
}

TEST_F(UnpackTest, AmountsAreLimited) {
    limits_ = {.entries = 3, .bytes = 1000};
    EXPECT_EQ(fault_of([](Packer& packer) { packer.file("a", std::string(1000, 'x')); }), "fine");
    EXPECT_THAT(fault_of([](Packer& packer) {
                    packer.file("a", std::string(600, 'x')).file("b", std::string(600, 'x'));
                }),
                HasSubstr("unpacks to more than 1000 bytes"));
    EXPECT_THAT(fault_of([](Packer& packer) {
                    for (const char* name : {"a", "b", "c", "d"}) packer.file(name, "");
                }),
                HasSubstr("has more than 3 entries"));
    is_wanted_ = [](const fs::path&) { return false; };
    EXPECT_THAT(fault_of([](Packer& packer) { packer.file("a", std::string(5'000'000, 'x')); }),
                HasSubstr("unpacks to more"));
}

TEST_F(UnpackTest, HolesCountAsBytes) {
    limits_.bytes = 1 << 20;
    const auto huge = la_int64_t{1} << 40;
    EXPECT_THAT(fault_of([&](Packer& packer) { packer.sparse("a", huge); }, "a.tar"),
                HasSubstr("unpacks to more than"));
    EXPECT_EQ(fault_of([&](Packer& packer) { packer.sparse("a", 1 << 19); }, "a.tar"), "fine");
    EXPECT_EQ(fs::file_size(into_ / "a"), 1u << 19);
}

TEST_F(UnpackTest, ANameComesOnce) {
    EXPECT_THAT(fault_of([](Packer& packer) { packer.file("a", "1").file("./a", "2"); }),
                HasSubstr("'a' is there twice"));
    EXPECT_THAT(fault_of([](Packer& packer) { packer.file("a", "1").file("a/b", "2"); }),
                HasSubstr("a/b"));
}

TEST_F(UnpackTest, DamageIsNoticed) {
    folder_.write("text.tar.gz", "this is no archive, whatever its name says");
    EXPECT_THAT(unpack_of(folder_ / "text.tar.gz"), HasSubstr("cannot be unpacked: "));
    std::string noise(200'000, '\0');
    unsigned int state = 1;
    for (auto& c : noise) c = static_cast<char>((state = state * 1664525 + 1013904223) >> 24);
    for (const char* name : {"b.tar.gz", "b.tar.bz2", "b.tar.xz", "b.zip"}) {
        ASSERT_EQ(fault_of([&](Packer& packer) { packer.file("a", noise); }, name), "fine");
        auto bytes = folder_.read(name);
        folder_.write(name, bytes.substr(0, bytes.size() / 2));
        fs::remove_all(into_);
        fs::create_directory(into_);
        EXPECT_NE(unpack_of(folder_ / name), "fine") << name << " cut";
        // libarchive does not look at gzip's checksum: there the digests of the card must do.
        if (std::string_view(name) == "b.tar.gz") continue;
        bytes[bytes.size() / 2] = static_cast<char>(bytes[bytes.size() / 2] ^ 0x55);
        folder_.write(name, bytes);
        fs::remove_all(into_);
        fs::create_directory(into_);
        EXPECT_NE(unpack_of(folder_ / name), "fine") << name << " changed";
    }
    EXPECT_THAT(fault_of([](Packer&) {}),
                testing::AnyOf(HasSubstr("holds nothing"), HasSubstr("cannot be unpacked")));
}

TEST_F(UnpackTest, EndsWhenItIsTold) {
    work_.is_canceled = [] { return true; };
    EXPECT_EQ(fault_of([](Packer& packer) { packer.file("a", "1"); }), "interrupted");
}

TEST(ArchiveName, IsKnownByItsEnd) {
    for (const char* yes :
         {"http://x/a.tar.gz", "a.tgz", "a.tar.bz2?token=1", "a.zip#b", "a.tar.xz"})
        EXPECT_TRUE(is_archive_name(yes)) << yes;
    for (const char* no : {"a.onnx", "a.gz", "", "http://x/?a.zip"})
        EXPECT_FALSE(is_archive_name(no)) << no;
}

}  // namespace
}  // namespace tutti::depot
