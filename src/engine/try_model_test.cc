// SPDX-License-Identifier: Apache-2.0
#include "engine/try_model.h"

#include "engine/test_clip.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>

namespace tutti::engine {
namespace {

using testing::HasSubstr;

class Clip : public testing::Test {
  protected:
    void SetUp() override { folder_ = ::mkdtemp(folder_.data()); }
    void TearDown() override { std::filesystem::remove_all(folder_); }

    Result<std::vector<std::int16_t>> read(const std::string& bytes) const {
        const auto path = std::filesystem::path(folder_) / "clip.wav";
        std::ofstream(path, std::ios::binary) << bytes;
        return read_clip(path);
    }

  private:
    std::string folder_ = (std::filesystem::temp_directory_path() / "tutti-clip-XXXXXX").string();
};

TEST_F(Clip, IsReadAsItWasWritten) {
    const std::vector<std::int16_t> samples = {0, 1, -1, 32767, -32768};
    EXPECT_EQ(read(clip_of(samples)).value(), samples);
    EXPECT_TRUE(read(clip_of({})).value().empty());
    auto with_more = clip_of(samples);
    with_more.insert(36, std::string("LIST\x03\0\0\0abc\0", 12));
    EXPECT_EQ(read(with_more).value(), samples);
}

TEST_F(Clip, OfAnotherKindIsRefusedInWords) {
    const std::vector<std::int16_t> samples = {1, 2, 3};
    auto stereo = clip_of(samples);
    stereo[22] = 2;
    EXPECT_THAT(read(stereo).error().context, HasSubstr("is not of 16 kHz, mono, 16 bits"));
    for (const auto& bytes : {std::string(), std::string("RIFF"), std::string(50, 'x')})
        EXPECT_THAT(read(bytes).error().context, HasSubstr("is no WAV file"));
    EXPECT_THAT(read_clip("/nonexistent.wav").error().context, HasSubstr("No such file"));
}

// Every prefix of a file is a file or an error; the sanitizers watch.
TEST_F(Clip, CutAnywhereDoesNoHarm) {
    const auto whole = clip_of(std::vector<std::int16_t>(20, 7));
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const auto clip = read(whole.substr(0, size));
        EXPECT_LE(clip ? clip->size() : 0, 20u);
    }
}

TEST(SelfTest, ComparesLettersAndDigitsAlone) {
    EXPECT_EQ(bare_text("Hello, World 7!"), "helloworld7");
    EXPECT_EQ(bare_text("今天 开会"), bare_text("今天开会"));
    EXPECT_NE(bare_text("one"), bare_text("two"));
}

}  // namespace
}  // namespace tutti::engine
