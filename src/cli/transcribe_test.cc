// SPDX-License-Identifier: Apache-2.0
#include "cli/transcribe.h"

#include "base/exit_code.h"
#include "cli/fake_server.h"
#include "cli/test_support.h"
#include "cli/transcribe_run.h"

#include <CLI/CLI.hpp>
#include <csignal>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>

namespace tutti::cli {
namespace {

using test::FakeServer;
using test::TempFolder;
using testing::HasSubstr;

TranscribeOptions parsed(std::vector<std::string> reversed_arguments) {
    CLI::App app;
    TranscribeOptions options;
    options.add_to(app);
    app.parse(std::move(reversed_arguments));
    return options;
}

TEST(TranscribeOptions, HaveDefaults) {
    ::unsetenv("TUTTI_SERVER");
    const auto options = parsed({"b.wav", "a.wav"});
    EXPECT_THAT(options.files, testing::ElementsAre("a.wav", "b.wav"));
    EXPECT_EQ(options.format, Format::txt);
    EXPECT_FALSE(options.server);
}

TEST(TranscribeOptions, AreRead) {
    const auto options =
        parsed({"http://s", "--server", "en", "-l", "json", "--format", "f", "-o", "a"});
    EXPECT_EQ(options.server, "http://s");
    EXPECT_EQ(options.language, "en");
    EXPECT_EQ(options.format, Format::json);
    EXPECT_EQ(options.output, "f");
    EXPECT_THROW(parsed({"pdf", "--format", "a"}), CLI::ParseError);
    EXPECT_THROW(parsed({}), CLI::ParseError);
}

TEST(TranscribeOptions, TheEnvironmentNamesTheServer) {
    ::setenv("TUTTI_SERVER", "http://env:1", 1);
    EXPECT_EQ(parsed({"a"}).server, "http://env:1");
    EXPECT_EQ(parsed({"http://flag:1", "--server", "a"}).server, "http://flag:1");
    ::unsetenv("TUTTI_SERVER");
}

// Answers every upload with the name of its file, or a refusal if that is bad.wav.
std::string answer_with_name(const test::Request& request) {
    if (request.target() == "/v1/models") return test::models_answer();
    const auto& body = request.body();
    if (body.find("bad.wav") != std::string::npos)
        return test::answer("400 Bad Request", "application/json",
                            R"({"error":{"message":"this is no audio"}})");
    const auto at = body.find("filename=\"") + 10;
    const auto name = body.substr(at, body.find('"', at) - at);
    return test::events_answer(test::done_event("says " + name), 7);
}

struct Ran {
    int code;
    std::string out, err;
};

template <class Run>
Ran captured(Run run) {
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const int code = run();
    return {code, testing::internal::GetCapturedStdout(), testing::internal::GetCapturedStderr()};
}

TEST(Transcribe, ABadFileStopsNoOther) {
    const FakeServer server(answer_with_name);
    const TempFolder folder;
    TranscribeOptions options;
    options.server = server.url();
    options.files = {folder / "none.wav", folder.write("a.wav", "1"), folder.write("bad.wav", "2"),
                     folder.write("c.wav", "3")};
    const auto ran = captured([&] { return run_transcribe(options, folder.path()); });
    EXPECT_EQ(ran.code, exit_code::failed);
    EXPECT_EQ(ran.out,
              "== " + options.files[1] + "\nsays a.wav\n== " + options.files[3] + "\nsays c.wav\n");
    EXPECT_EQ(ran.err, "tutti: " + options.files[0] +
                           ": cannot read it: No such file or directory\n" +
                           "tutti: " + options.files[2] + ": this is no audio\n");
}

TEST(Transcribe, WritesFilesWhereAsked) {
    const FakeServer server(answer_with_name);
    const TempFolder folder;
    TranscribeOptions options;
    options.server = server.url();
    options.output = folder / "out";
    options.files = {folder.write("a.wav", "1"), folder.write("b.wav", "2")};
    const auto ran = captured([&] { return run_transcribe(options, folder.path()); });
    EXPECT_EQ(ran.code, exit_code::ok);
    EXPECT_EQ(ran.out + ran.err, "");
    EXPECT_EQ(folder.read("out/a.txt"), "says a.wav\n");
    EXPECT_EQ(folder.read("out/b.txt"), "says b.wav\n");
}

TEST(Transcribe, ANamedServerMustBeThere) {
    const TempFolder folder;
    TranscribeOptions options;
    options.server = FakeServer(answer_with_name).url();
    options.files = {folder / "none.wav", folder.write("a.wav", "1"), folder.write("b.wav", "2")};
    const auto ran = captured([&] { return run_transcribe(options, folder.path()); });
    EXPECT_EQ(ran.code, exit_code::unavailable);
    EXPECT_THAT(ran.err, HasSubstr("\ntutti: no server answers at http://127.0.0.1:"));
    EXPECT_EQ(std::ranges::count(ran.err, '\n'), 2);
    options.server = "https://127.0.0.1";
    EXPECT_EQ(captured([&] { return run_transcribe(options, folder.path()); }).code,
              exit_code::usage);
}

// A folder with a program `tutti` that plays a server: it says where `server` is and leaves a file
// "ended" when it is asked to end.
void install(const TempFolder& folder, const std::string& script) {
    const auto path = folder.write("tutti", "#!/bin/sh\n" + script);
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
}

std::string playing_script(const TempFolder& folder, const FakeServer& server) {
    return "echo \"$@\" > '" + (folder / "arguments") + "'\n" + "trap 'kill $!; touch \"" +
           (folder / "ended") + "\"; exit 0' INT\n" +
           "tail -f /dev/null &\necho 'Tutti is ready: open " + server.url() + "'\nwait\n";
}

Ran run_without_server(const TempFolder& folder, TranscribeOptions options) {
    options.files = {folder.write("a.wav", "1"), folder.write("b.wav", "2")};
    auto jobs = plan_jobs(options.files, "", options.format, OutputKind::standard);
    TranscribeRun run({.options = options,
                       .address = FakeServer(answer_with_name).address(),
                       .jobs = std::move(*jobs),
                       .program_dir = folder.path()});
    return captured([&] { return run.run(); });
}

TEST(Transcribe, StartsAServerAndEndsIt) {
    const FakeServer server(answer_with_name);
    const TempFolder folder;
    install(folder, playing_script(folder, server));
    TranscribeOptions options;
    options.model = "tone";
    const auto ran = run_without_server(folder, options);
    EXPECT_EQ(ran.code, exit_code::ok);
    EXPECT_THAT(ran.out, HasSubstr("says a.wav\n"));
    EXPECT_EQ(ran.err, "");
    EXPECT_TRUE(std::filesystem::exists(folder / "ended"));
    EXPECT_EQ(folder.read("arguments"),
              "serve --host 127.0.0.1 --port 0 --gateways 1 --log-level error "
              "--resume-window 0 --models tone\n");
}

TEST(Transcribe, TellsWhyAServerDidNotStart) {
    const TempFolder folder;
    install(folder, "echo 'port: is too odd' >&2; exit 78\n");
    const auto failing = run_without_server(folder, {});
    EXPECT_EQ(failing.code, exit_code::unavailable);
    EXPECT_EQ(failing.err, "tutti: the server could not start (exit code 78):\nport: is too odd\n");
    install(folder, "echo 'hello'; exec tail -f /dev/null\n");
    EXPECT_THAT(run_without_server(folder, {}).err, HasSubstr("something unexpected"));
    std::filesystem::remove(folder / "tutti");
    EXPECT_THAT(run_without_server(folder, {}).err, HasSubstr("No such file"));
}

TEST(Transcribe, ASignalEndsTheRunAndTheServer) {
    std::atomic<bool> was_asked = false;
    const FakeServer server([&was_asked](const test::Request& request) {
        if (request.target() == "/v1/models") return test::models_answer();
        was_asked = true;
        ::kill(::getpid(), SIGINT);
        return std::string();
    });
    const TempFolder folder;
    install(folder, playing_script(folder, server));
    const auto ran = run_without_server(folder, {});
    EXPECT_TRUE(was_asked);
    EXPECT_EQ(ran.code, 128 + SIGINT);
    EXPECT_EQ(ran.out + ran.err, "");
    EXPECT_TRUE(std::filesystem::exists(folder / "ended"));
}

}  // namespace
}  // namespace tutti::cli
