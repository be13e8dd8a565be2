// SPDX-License-Identifier: Apache-2.0
#include "cli/outputs.h"
#include "cli/test_support.h"
#include "cli/upload.h"
#include "dialect/multipart.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

namespace tutti::cli {
namespace {

using test::TempFolder;
using testing::HasSubstr;

std::string plan_error(const std::vector<std::string>& files, const std::string& output) {
    const auto jobs = plan_jobs(files, output, Format::srt, output_kind(output, files.size()));
    return jobs ? "" : jobs.error().message();
}

TEST(Outputs, NamesFollowTheInputs) {
    const auto jobs = plan_jobs({"a/talk.part1.mp3", "b"}, "out", Format::srt, OutputKind::folder);
    ASSERT_TRUE(jobs);
    EXPECT_EQ((*jobs)[0].output, "out/talk.part1.srt");
    EXPECT_EQ((*jobs)[1].output, "out/b.srt");
    EXPECT_EQ((*jobs)[0].label, "");
    EXPECT_EQ(plan_jobs({"a.wav"}, "x", Format::txt, OutputKind::file)->front().output, "x");
}

TEST(Outputs, SeveralOnStandardOutputAreLabelled) {
    EXPECT_EQ(plan_jobs({"a.wav"}, "", Format::txt, OutputKind::standard)->front().label, "");
    const auto jobs = plan_jobs({"a.wav", "a.wav"}, "", Format::txt, OutputKind::standard);
    ASSERT_TRUE(jobs);
    EXPECT_EQ((*jobs)[1].label, "a.wav");
    EXPECT_TRUE((*jobs)[1].output.empty());
}

TEST(Outputs, KindFollowsTheNameAndTheDisk) {
    const TempFolder folder;
    EXPECT_EQ(output_kind("", 5), OutputKind::standard);
    EXPECT_EQ(output_kind("x.srt", 1), OutputKind::file);
    EXPECT_EQ(output_kind("x/", 1), OutputKind::folder);
    EXPECT_EQ(output_kind("x", 2), OutputKind::folder);
    EXPECT_EQ(output_kind(folder.path(), 1), OutputKind::folder);
}

TEST(Outputs, NothingIsOverwrittenUnawares) {
    const TempFolder folder;
    const auto input = folder.write("notes.srt", "audio");
    EXPECT_THAT(plan_error({input}, folder.path()), HasSubstr("overwritten"));
    EXPECT_THAT(plan_error({input}, folder / "./notes.srt"), HasSubstr("overwritten"));
    EXPECT_THAT(plan_error({"a/x.wav", "b/x.mp3"}, "out"),
                HasSubstr("a/x.wav and b/x.mp3 would both be written to out/x.srt"));
    EXPECT_EQ(plan_error({"/dev/null"}, "/dev/null"), "");
}

TEST(Outputs, FoldersAreMadeFirst) {
    const TempFolder folder;
    EXPECT_TRUE(prepare_output(folder / "a/b", OutputKind::folder));
    EXPECT_TRUE(std::filesystem::is_directory(folder / "a/b"));
    EXPECT_TRUE(prepare_output(folder / "x.srt", OutputKind::file));
    EXPECT_FALSE(prepare_output(folder / "none/x.srt", OutputKind::file));
    folder.write("file", "");
    EXPECT_FALSE(prepare_output(folder / "file", OutputKind::folder));
}

TEST(Outputs, AreWrittenOrSaidNotToBe) {
    const TempFolder folder;
    EXPECT_TRUE(write_output({"a.wav", folder / "a.txt", ""}, "hello\n"));
    EXPECT_EQ(folder.read("a.txt"), "hello\n");
    EXPECT_FALSE(write_output({"a.wav", folder / "none/a.txt", ""}, "hello\n"));
    const auto full = write_output({"a.wav", "/dev/full", ""}, "hello\n");
    ASSERT_FALSE(full);
    EXPECT_THAT(full.error().message(), HasSubstr("/dev/full: No space left"));
}

std::string read_all(InputFile& file) {
    std::string out;
    for (;;) {
        const auto piece = file.read();
        if (!piece) return piece.error().message();
        if (piece->empty()) return out;
        out += *piece;
    }
}

TEST(InputFile, IsReadInPieces) {
    const TempFolder folder;
    std::string text(700'001, ' ');
    for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>(i * 7 / 5);
    auto file = InputFile::open(folder.write("a", text));
    ASSERT_TRUE(file);
    EXPECT_EQ(file->size(), text.size());
    EXPECT_EQ(read_all(*file), text);
    EXPECT_EQ(file->position(), text.size());
}

TEST(InputFile, KeepsToTheSizeItHadWhenOpened) {
    const TempFolder folder;
    const auto path = folder.write("a", "12345");
    auto grown = InputFile::open(path);
    folder.write("a", "1234567");
    EXPECT_EQ(read_all(*grown), "12345");
    auto shrunk = InputFile::open(path);
    folder.write("a", "12");
    EXPECT_THAT(read_all(*shrunk), HasSubstr("shorter"));
}

TEST(InputFile, OnlyRegularFilesOpen) {
    const TempFolder folder;
    ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
    EXPECT_THAT(InputFile::open(folder / "none").error().message(), HasSubstr("No such file"));
    EXPECT_THAT(InputFile::open(folder.path()).error().message(), HasSubstr("folder"));
    EXPECT_THAT(InputFile::open(folder / "pipe").error().message(), HasSubstr("regular"));
}

TEST(Form, IsWhatTheServersParserReads) {
    const Form form({{"model", "en-us"}, {"include[]", "progress"}}, "a \"b\"\r\nc.wav");
    const std::string file = "\r\n--not the boundary\r\n";
    const auto body = form.head() + file + form.tail();
    EXPECT_EQ(form.size_with(file.size()), body.size());
    dialect::MultipartParser parser(*dialect::multipart_boundary(form.content_type()));
    const auto events = parser.push(body);
    ASSERT_TRUE(events);
    ASSERT_TRUE(parser.finish());
    std::vector<std::string> names, values;
    for (const auto& event : *events) {
        if (const auto* part = std::get_if<dialect::PartBegin>(&event)) {
            names.push_back(part->name + "|" + part->filename.value_or("-"));
            values.emplace_back();
        } else if (const auto* data = std::get_if<dialect::PartData>(&event)) {
            values.back() += data->bytes;
        }
    }
    EXPECT_THAT(names, testing::ElementsAre("model|-", "include[]|-", "file|a %22b%22%0D%0Ac.wav"));
    EXPECT_THAT(values, testing::ElementsAre("en-us", "progress", file));
}

}  // namespace
}  // namespace tutti::cli
