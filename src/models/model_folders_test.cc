// SPDX-License-Identifier: Apache-2.0
#include "models/model_folders.h"

#include "models/test_folder.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>

namespace tutti::models {
namespace {

namespace fs = std::filesystem;
using testing::EndsWith;
using testing::HasSubstr;

std::string card_of(const std::string& id) {
    return "id = \"" + id + "\"\nkind = \"vad\"\nbackend = \"b\"\n";
}

TEST(ModelFolders, AreTheSubfoldersWithACard) {
    test::Folder dir;
    dir.write("zebra/model.toml", card_of("zebra"));
    dir.write("lynx/model.toml", card_of("other-name"));
    dir.write("notes/readme.txt", "no model");
    dir.write(".pull-1/model.toml", card_of("half"));
    dir.write("model.toml", card_of("outside"));
    const auto found = find_folders(dir.path()).value();
    ASSERT_EQ(found.size(), 2u);
    EXPECT_EQ(found[0].path, dir.path() / "lynx");
    EXPECT_EQ(found[0].id(), "other-name");
    EXPECT_EQ(found[1].id(), "zebra");
}

TEST(ModelFolders, OneThatIsBrokenHidesNoOther) {
    test::Folder dir;
    dir.write("bad/model.toml", "id = ");
    dir.write("good/model.toml", card_of("good"));
    fs::create_directories(dir.path() / "odd" / "model.toml");
    fs::create_directory(dir.path() / "linked");
    fs::create_symlink("nowhere", dir.path() / "linked" / "model.toml");
    const auto found = find_folders(dir.path()).value();
    ASSERT_EQ(found.size(), 4u);
    EXPECT_EQ(found[0].id(), "bad");
    EXPECT_THAT(found[0].card.error().context, HasSubstr("bad/model.toml:1: "));
    EXPECT_TRUE(found[1].card);
    EXPECT_THAT(found[2].card.error().context, EndsWith("linked/model.toml: cannot be read"));
    EXPECT_THAT(found[3].card.error().context, EndsWith("odd/model.toml: cannot be read"));
    dir.write("odd2/model.toml", "#" + std::string(2 << 20, ' '));
    EXPECT_THAT(find_folders(dir.path()).value()[4].card.error().context,
                EndsWith("is too large to be a card"));
}

TEST(ModelFolders, AnIdBelongsToOneFolder) {
    test::Folder dir;
    dir.write("a/model.toml", card_of("same"));
    dir.write("b/model.toml", card_of("same"));
    const auto found = find_folders(dir.path()).value();
    EXPECT_TRUE(found[0].card);
    EXPECT_THAT(found[1].card.error().context, EndsWith("a/model.toml has the same id, same"));
    EXPECT_EQ(found[1].id(), "b");
}

TEST(ModelFolders, NamesThatAreNoTextForAConfigurationAreRefused) {
    test::Folder dir;
    dir.write("caf\xe9/model.toml", card_of("x"));
    const auto found = find_folders(dir.path()).value();
    ASSERT_EQ(found.size(), 1u);
    EXPECT_THAT(found[0].card.error().context, HasSubstr("the folder's name must be of letters"));
}

TEST(ModelFolders, AFolderThatIsNotThereHasNone) {
    test::Folder dir;
    EXPECT_TRUE(find_folders(dir.path() / "absent").value().empty());
    dir.write("file", "");
    EXPECT_THAT(find_folders(dir.path() / "file").error().context,
                EndsWith("file cannot be read: Not a directory"));
}

TEST(ModelFolders, UsuallyLieInTheAccountsOwnFolder) {
    if (::geteuid() == 0) {
        EXPECT_EQ(usual_models_dir(), "/var/lib/tutti/models");
        return;
    }
    ::setenv("HOME", "/home/x", 1);
    ::setenv("XDG_DATA_HOME", "/data", 1);
    EXPECT_EQ(usual_models_dir(), "/data/tutti/models");
    ::setenv("XDG_DATA_HOME", "relative", 1);
    EXPECT_EQ(usual_models_dir(), "/home/x/.local/share/tutti/models");
    ::unsetenv("HOME");
    EXPECT_EQ(usual_models_dir(), "/var/lib/tutti/models");
}

}  // namespace
}  // namespace tutti::models
