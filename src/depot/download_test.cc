// SPDX-License-Identifier: Apache-2.0
#include "depot/download.h"

#include "depot/fault_server.h"
#include "models/test_folder.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>

namespace tutti::depot {
namespace {

using std::chrono::milliseconds;
using test::FaultServer;
using testing::HasSubstr;

std::string some_content(std::size_t size) {
    std::string text(size, '\0');
    for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 7 + i / 251);
    return text;
}

class DownloadTest : public testing::Test {
  protected:
    DownloadTest() {
        // A proxy would take our loopback traffic elsewhere.
        for (const char* name : {"http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"})
            ::unsetenv(name);
        limits_.first_pause = limits_.longest_pause = milliseconds(1);
        limits_.tries = 4;
        work_.on_remark = [this](const std::string& text) { remarks_ += text + "\n"; };
    }
    Result<void> get() { return download(server_.url(), path(), limits_, work_); }
    std::filesystem::path path() const { return folder_ / "it.part"; }
    std::string read() const { return folder_.read("it.part"); }

    const std::string content_ = some_content(300'000);
    FaultServer server_{content_};
    models::test::Folder folder_;
    DownloadLimits limits_;
    Work work_;
    std::string remarks_;
};

TEST_F(DownloadTest, GetsAFile) {
    std::uint64_t done = 0;
    work_.on_progress = [&](Stage, std::uint64_t bytes, std::uint64_t total) {
        EXPECT_GT(bytes, done);
        EXPECT_EQ(total, content_.size());
        done = bytes;
    };
    ASSERT_TRUE(get());
    EXPECT_EQ(read(), content_);
    EXPECT_EQ(done, content_.size());
    ASSERT_TRUE(get()) << "it is there";
    EXPECT_EQ(server_.asked().size(), 1u);
}

TEST_F(DownloadTest, GoesOnAfterCuts) {
    server_.next({.cut_after = 100'000});
    server_.next({.cut_after = 50'000, .is_reset = true});
    server_.next({.status = 503});
    server_.next({.status = 429, .headers = "Retry-After: 0\r\n"});
    ASSERT_TRUE(get()) << remarks_;
    EXPECT_EQ(read(), content_);
    const auto asked = server_.asked();
    ASSERT_EQ(asked.size(), 5u);
    EXPECT_EQ(asked[0].range, "");
    EXPECT_EQ(asked[1].range, "bytes=100000-");
    EXPECT_EQ(asked[1].if_range, "\"one\"");
    EXPECT_THAT(remarks_, HasSubstr("the server answers 503 Service Unavailable; trying again"));
}

TEST_F(DownloadTest, GoesOnWithWhatAFormerCommandLeft) {
    server_.next({.cut_after = 100'000});
    limits_.tries = 1;
    ASSERT_EQ(get().error().errc(), Errc::unavailable);
    EXPECT_EQ(read().size(), 100'000u);
    ASSERT_TRUE(get());
    EXPECT_EQ(read(), content_);
    EXPECT_EQ(server_.asked()[1].range, "bytes=100000-");
}

TEST_F(DownloadTest, AFileThatChangedIsFetchedAnew) {
    const auto other = some_content(200'000) + "other";
    server_.next({.cut_after = 100'000});
    server_.next({.cut_after = 1000, .etag = "\"two\"", .content = other});
    ASSERT_TRUE(get());
    EXPECT_EQ(read(), other);
    EXPECT_EQ(server_.asked()[2].if_range, "\"two\"");
}

TEST_F(DownloadTest, AServerThatIgnoresRangesSendsAllAgain) {
    server_.next({.cut_after = 100'000});
    server_.next({.ignores_range = true});
    ASSERT_TRUE(get());
    EXPECT_EQ(read(), content_);
}

TEST_F(DownloadTest, ARefusedRangeMeansWholeOrVoid) {
    server_.next(
        {.cut_after = 100'000, .has_no_length = true, .headers = "Transfer-Encoding: chunked\r\n"});
    limits_.tries = 1;
    ASSERT_FALSE(get()) << "no chunks, so nothing that can be kept";
    limits_.tries = 4;
    folder_.write("it.part", content_);
    folder_.write("it.part.toml", "url = '" + server_.url() + "'\nvalidator = '\"one\"'\n");
    ASSERT_TRUE(get()) << "416, and all of it is there";
    EXPECT_EQ(read(), content_);
    folder_.write("it.part", content_ + "too much");
    folder_.write("it.part.toml", "url = '" + server_.url() + "'\nvalidator = '\"one\"'\n");
    ASSERT_TRUE(get());
    EXPECT_EQ(read(), content_);
    EXPECT_THAT(remarks_, HasSubstr("416 Range Not Satisfiable, and the download begins anew"));
}

TEST_F(DownloadTest, OfAnotherAddressNothingIsKept) {
    folder_.write("it.part", "something else");
    folder_.write("it.part.toml", "url = 'http://x/'\nvalidator = '\"one\"'\nbytes = 14\n");
    ASSERT_TRUE(get());
    EXPECT_EQ(read(), content_);
    folder_.write("it.part.toml", "not toml [");
    ASSERT_TRUE(get());
    EXPECT_EQ(read(), content_);
}

TEST_F(DownloadTest, SomeAnswersAreFinal) {
    server_.next({.status = 404});
    const auto done = get();
    EXPECT_EQ(done.error().errc(), Errc::not_found);
    EXPECT_EQ(done.error().context, server_.url() + ": the server answers 404 Not Found");
    EXPECT_EQ(server_.asked().size(), 1u);
}

TEST_F(DownloadTest, GivesUpWhenNothingNewComes) {
    for (int i = 0; i < 10; ++i) server_.next({.status = 500});
    const auto done = get();
    EXPECT_EQ(done.error().errc(), Errc::unavailable);
    EXPECT_THAT(done.error().context, HasSubstr("500 Internal Server Error; given up"));
    EXPECT_EQ(server_.asked().size(), 4u);
}

// Each time another file: every try begins at 0 and gets no further.
TEST_F(DownloadTest, AServerThatNeverStaysTheSameIsGivenUp) {
    for (int i = 0; i < 20; ++i)
        server_.next({.cut_after = 1000, .etag = "\"" + std::to_string(i) + "\""});
    EXPECT_EQ(get().error().errc(), Errc::unavailable);
    EXPECT_LE(server_.asked().size(), 6u);
}

TEST_F(DownloadTest, AConnectionThatStallsIsLeft) {
    limits_.stall = milliseconds(1000);
    server_.next({.cut_after = 1000, .stalls = true});
    ASSERT_TRUE(get());
    EXPECT_EQ(read(), content_);
    EXPECT_THAT(remarks_, HasSubstr("nothing came for 1 s; trying again"));
}

TEST_F(DownloadTest, WhatIsTooLargeIsRefused) {
    limits_.bytes = 1000;
    EXPECT_EQ(get().error().errc(), Errc::too_large);
    EXPECT_EQ(read().size(), 0u) << "it said so before the first byte";
    server_.next({.has_no_length = true});
    EXPECT_EQ(get().error().errc(), Errc::too_large);
    EXPECT_LE(read().size(), 1000u);
}

TEST_F(DownloadTest, EndsWhenItIsTold) {
    server_.next({.cut_after = 1000, .stalls = true});
    std::atomic<bool> has_begun = false;
    work_.on_progress = [&](Stage, std::uint64_t, std::uint64_t) { has_begun = true; };
    work_.is_canceled = [&] { return has_begun.load(); };
    EXPECT_EQ(get().error().errc(), Errc::canceled);
    EXPECT_GT(read().size(), 0u);
    EXPECT_TRUE(content_.starts_with(read())) << "for the next time";
    work_.is_canceled = {};
    ASSERT_TRUE(get());
    EXPECT_EQ(read(), content_);
}

TEST_F(DownloadTest, FollowsRedirectionsToHttpAlone) {
    server_.next({.status = 302, .headers = "Location: /elsewhere.tar.gz\r\n"});
    ASSERT_TRUE(get());
    EXPECT_EQ(server_.asked()[1].path, "/elsewhere.tar.gz");
    EXPECT_EQ(read(), content_);
    folder_.write("it.part", "");
    folder_.write("secret", "secret");
    server_.next(
        {.status = 302, .headers = "Location: file://" + (folder_ / "secret").string() + "\r\n"});
    EXPECT_FALSE(get());
    EXPECT_EQ(read(), "");
    for (int i = 0; i < 30; ++i) server_.next({.status = 302, .headers = "Location: /again\r\n"});
    EXPECT_FALSE(get());
    EXPECT_LT(server_.asked().size(), 20u);
}

TEST_F(DownloadTest, AServerThatIsNotThereIsTriedSomeTimes) {
    std::string url;
    {
        const FaultServer gone("");
        url = gone.url();
    }
    const auto done = download(url, path(), limits_, work_);
    EXPECT_EQ(done.error().errc(), Errc::unavailable);
    EXPECT_EQ(std::ranges::count(remarks_, '\n'), 3);
}

TEST(LocalPath, IsThatOfFileUrlsAlone) {
    EXPECT_EQ(local_path_of("file:///a%20b/c.zip").value(), "/a b/c.zip");
    EXPECT_EQ(local_path_of("https://x/y").value(), std::nullopt);
    EXPECT_EQ(local_path_of("ftp://x/y").error().context,
              "ftp://x/y: only http, https and file are allowed");
    EXPECT_FALSE(local_path_of("http://"));
    EXPECT_FALSE(local_path_of("://"));
}

TEST(ShownUrl, HasNoSecrets) {
    EXPECT_EQ(shown_url("https://me:secret@host/a@b?c=d@e"), "https://host/a@b?c=d@e");
    EXPECT_EQ(shown_url("https://host/a@b"), "https://host/a@b");
    EXPECT_EQ(shown_url("name"), "name");
}

}  // namespace
}  // namespace tutti::depot
