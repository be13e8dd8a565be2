// SPDX-License-Identifier: Apache-2.0
#include "depot/shelf.h"

#include "depot/verify.h"
#include "models/test_folder.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::depot {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;

// SHA-256 of "test".
constexpr const char* kDigest = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08";

class Shelf : public testing::Test {
  protected:
    void add(const std::string& folder, const std::string& id, const std::string& data = "test") {
        folder_.write(folder + "/model.toml",
                      "id = '" + id + "'\nkind = 'vad'\nbackend = 'b'\n[[files]]\nrole = 'data'\n" +
                          "path = 'deep/data'\nsize = 4\nsha256 = '" + kDigest + "'\n");
        folder_.write(folder + "/deep/data", data);
    }
    std::vector<std::string> names() const {
        std::vector<std::string> found;
        for (const auto& entry : fs::directory_iterator(dir()))
            found.push_back(entry.path().filename());
        std::ranges::sort(found);
        return found;
    }
    fs::path dir() const { return folder_ / "models"; }

    models::test::Folder folder_;
};

TEST_F(Shelf, ListsModelsWithSizeAndState) {
    EXPECT_TRUE(list_models(dir()).value().empty());
    add("models/good", "good");
    add("models/short", "short", "t");
    folder_.write("models/bad/model.toml", "id = ");
    const auto models = list_models(dir()).value();
    ASSERT_EQ(models.size(), 3u);
    EXPECT_THAT(models[0].fault, HasSubstr("bad/model.toml:1"));
    EXPECT_EQ(models[1].fault, "");
    EXPECT_EQ(models[1].bytes, 4 + fs::file_size(dir() / "good/model.toml"));
    EXPECT_THAT(models[2].fault, EndsWith("deep/data: has 1 bytes, not the 4 of model.toml"));
}

TEST_F(Shelf, VerifyingNamesEachBadFile) {
    add("models/m", "m");
    const auto faults = [&] {
        const auto folder = find_model(dir(), "m").value();
        return find_faults(*folder.card, folder.path, {}).value();
    };
    EXPECT_THAT(faults(), testing::IsEmpty());
    const auto data = (dir() / "m/deep/data").string();
    folder_.write("models/m/deep/data", "tesT");
    EXPECT_THAT(faults(), ElementsAre(testing::StartsWith(data + " has the SHA-256 ")));
    folder_.write("models/m/deep/data", "longer");
    EXPECT_THAT(faults(), ElementsAre(data + " has 6 bytes, not the 4 of model.toml"));
    fs::remove(data);
    EXPECT_THAT(faults(), ElementsAre(data + " is missing"));
    fs::create_symlink("/dev/null", data);
    EXPECT_THAT(faults(), ElementsAre(data + " is no regular file"));
}

TEST_F(Shelf, AModelIsPutInPlace) {
    add("fresh", "m");
    ASSERT_TRUE(prepare(dir()));
    EXPECT_EQ(put_in_place(folder_ / "fresh", dir(), "m").value(), dir() / "m");
    EXPECT_THAT(names(), ElementsAre("m"));
    EXPECT_EQ(folder_.read("models/m/deep/data"), "test");
}

TEST_F(Shelf, AModelTakesThePlaceOfItsPredecessor) {
    add("models/other-name", "m");
    folder_.write("models/other-name/extra", "old");
    add("fresh", "m", "new!");
    EXPECT_EQ(put_in_place(folder_ / "fresh", dir(), "m").value(), dir() / "other-name");
    EXPECT_EQ(folder_.read("models/other-name/deep/data"), "new!");
    EXPECT_FALSE(fs::exists(dir() / "other-name/extra"));
    EXPECT_THAT(names(), ElementsAre("other-name")) << "the old one is deleted";
    EXPECT_FALSE(fs::exists(folder_ / "fresh"));
}

TEST_F(Shelf, WhatIsNoModelIsNotReplaced) {
    add("fresh", "m");
    folder_.write("models/m/diary.txt", "mine");
    EXPECT_THAT(put_in_place(folder_ / "fresh", dir(), "m").error().context,
                EndsWith("m is in the way: it is not the folder of a model 'm'"));
    fs::remove_all(dir() / "m");
    add("models/m", "someone-else");
    EXPECT_FALSE(put_in_place(folder_ / "fresh", dir(), "m"));
    EXPECT_EQ(find_model(dir(), "someone-else").value().path, dir() / "m");
    EXPECT_TRUE(fs::exists(folder_ / "fresh/model.toml"));
}

TEST_F(Shelf, AModelIsTakenOut) {
    add("models/a", "m");
    add("models/b", "n");
    ASSERT_TRUE(take_out(find_model(dir(), "m").value(), dir()));
    EXPECT_THAT(names(), ElementsAre("b"));
    EXPECT_THAT(find_model(dir(), "m").error().context,
                testing::StartsWith("there is no model 'm' in "));
    EXPECT_FALSE(find_model(dir(), "../models/b"));
}

TEST_F(Shelf, ALinkOutOfTheFolderIsNotFollowed) {
    add("elsewhere", "m");
    fs::create_directory(dir());
    fs::create_directory_symlink(folder_ / "elsewhere", dir() / "m");
    EXPECT_THAT(find_model(dir(), "m").error().context, HasSubstr("is a link to a folder outside"));
    add("fresh", "m");
    EXPECT_FALSE(put_in_place(folder_ / "fresh", dir(), "m"));
    EXPECT_TRUE(fs::exists(folder_ / "elsewhere/deep/data"));
}

TEST_F(Shelf, LeftoversOfRemovalsAreDeleted) {
    add("models/m", "m");
    folder_.write("models/.old-x-1-0/data", "x");
    ASSERT_TRUE(prepare(dir()));
    EXPECT_THAT(names(), ElementsAre("m"));
    folder_.write("file", "");
    EXPECT_FALSE(prepare(folder_ / "file/models"));
}

}  // namespace
}  // namespace tutti::depot
