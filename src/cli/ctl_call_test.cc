// SPDX-License-Identifier: Apache-2.0
#include "cli/ctl_call.h"

#include "cli/fake_control.h"

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

namespace tutti::cli {
namespace {

using test::FakeControl;
using test::TempFolder;
using testing::ElementsAre;
using testing::HasSubstr;

namespace json = boost::json;

Result<json::value> ask(const std::string& path) {
    return call_control({.path = path}, {{"command", "status"}});
}

// What the client makes of an answer.
std::string failure_of(const std::string& answer) {
    const FakeControl server(answer);
    const auto result = ask(server.path());
    return result ? "none" : result.error().message();
}

Errc errc_of(const Result<json::value>& result) {
    return result ? Errc::ok : result.error().errc();
}

TEST(CtlCall, SendsALineAndReadsALine) {
    const FakeControl server("{\"ok\":true,\"result\":{\"generation\":2}}\n");
    const auto result =
        call_control({.path = server.path()}, {{"command", "scale"}, {"what", "a\nb"}, {"by", -1}});
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(json::serialize(*result), R"({"generation":2})");
    EXPECT_THAT(server.requests(), ElementsAre(R"({"command":"scale","what":"a\nb","by":-1})"));
}

TEST(CtlCall, ReadsAnAnswerOfManyPieces) {
    const std::string text(3'000'000, 'x');
    const FakeControl server("{\"ok\":true,\"result\":\"" + text + "\"}\nbeyond the line");
    const auto result = ask(server.path());
    ASSERT_TRUE(result) << result.error().message();
    EXPECT_EQ(result->as_string(), text);
}

TEST(CtlCall, PassesTheServersReasonOn) {
    EXPECT_EQ(failure_of("{\"ok\":false,\"error\":\"gateway can be 1 to 64\"}\n"),
              "gateway can be 1 to 64");
    EXPECT_EQ(failure_of("{\"ok\":false,\"error\":\"two\\nlines\"}\n"), "two\\x0alines");
    EXPECT_EQ(failure_of("{\"ok\":false}\n"), "the server gives no reason");
    EXPECT_EQ(failure_of("{\"ok\":true}\n"), "none");
}

TEST(CtlCall, TrustsNoAnswer) {
    for (const auto* garbage : {"\n", "[]\n", "7\n", "{\"ok\":1}\n", "{\"ok\":\n",
                                "HTTP/1.1 400\r\n", "{\"result\":1}\n", "\xff\xfe\n"})
        EXPECT_EQ(failure_of(garbage), "what answers there is no Tutti server") << garbage;
}

TEST(CtlCall, AnAnswerCutShortIsAFailure) {
    EXPECT_THAT(failure_of(""), HasSubstr("without an answer"));
    EXPECT_THAT(failure_of("{\"ok\":true,\"result\":1}"), HasSubstr("in the middle"));
    EXPECT_THAT(failure_of("{\"ok\":tr"), HasSubstr("in the middle"));
}

TEST(CtlCall, WaitsNoLongerThanItsLimit) {
    const FakeControl server([](const std::string&) { return std::nullopt; });
    const auto result = call_control(
        {.path = server.path(), .limit = std::chrono::milliseconds(30)}, {{"command", "reload"}});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().message(),
              "no answer within 0.03 s; what was asked may still be done");
}

TEST(CtlCall, SaysWhereItLookedForAServer) {
    const TempFolder folder;
    const auto missing = ask(folder / "ctl.sock");
    EXPECT_EQ(errc_of(missing), Errc::unavailable);
    EXPECT_THAT(missing.error().message(), HasSubstr("no server at " + (folder / "ctl.sock")));
    EXPECT_THAT(missing.error().message(), HasSubstr("--socket, --port or --config"));

    const auto no_socket = ask(folder.write("file", "text"));
    EXPECT_EQ(errc_of(no_socket), Errc::unavailable);
    EXPECT_EQ(errc_of(ask(std::string(200, 'x'))), Errc::unavailable);

    std::string left_behind;
    {
        const FakeControl server("");
        left_behind = folder / "left";
        std::filesystem::rename(server.path(), left_behind);
    }
    const auto dead = ask(left_behind);
    EXPECT_EQ(errc_of(dead), Errc::unavailable);
    EXPECT_THAT(dead.error().message(), HasSubstr("Connection refused"));
}

TEST(CtlCall, TrustsRootAndOneself) {
    EXPECT_TRUE(is_trusted(0, 1000));
    EXPECT_TRUE(is_trusted(1000, 1000));
    EXPECT_TRUE(is_trusted(0, 0));
    EXPECT_FALSE(is_trusted(1001, 1000));
    EXPECT_FALSE(is_trusted(1000, 0));
}

// The whole of a child process of another user; what it returns is its exit code.
template <class Work>
int as_nobody(Work work) {
    constexpr uid_t kNobody = 65534;
    const auto pid = ::fork();
    if (pid == 0) ::_exit(::setresuid(kNobody, kNobody, kNobody) != 0 ? 99 : work());
    int status = 0;
    ::waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(CtlCall, OfAnotherUsersSocketSaysWhoMayUseIt) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    const FakeControl server("{\"ok\":true}\n");
    std::filesystem::permissions(std::filesystem::path(server.path()).parent_path(),
                                 std::filesystem::perms(0755));
    std::filesystem::permissions(server.path(), std::filesystem::perms(0600));
    const auto code = as_nobody([&server] {
        const auto result = ask(server.path());
        if (errc_of(result) != Errc::io) return 1;
        return result.error().message().find("Permission denied") == std::string::npos ? 2 : 0;
    });
    EXPECT_EQ(code, 0);
    EXPECT_TRUE(server.requests().empty());
}

// A socket of nobody's at the place where root looks; nothing is said to it.
TEST(CtlCall, DoesNotBelieveAnotherUsersServer) {
    if (::geteuid() != 0) GTEST_SKIP() << "only root can be another user";
    constexpr uid_t kNobody = 65534;
    ASSERT_EQ(::seteuid(kNobody), 0);
    auto server = std::make_unique<FakeControl>("{\"ok\":true}\n");
    ASSERT_EQ(::seteuid(0), 0);
    const auto result = ask(server->path());
    ASSERT_FALSE(result);
    EXPECT_THAT(result.error().message(), HasSubstr("uid 65534"));
    EXPECT_THAT(result.error().message(), HasSubstr("not believed"));
    EXPECT_THAT(server->requests(), testing::Each(""));
}

}  // namespace
}  // namespace tutti::cli
