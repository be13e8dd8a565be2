// SPDX-License-Identifier: Apache-2.0
#include "cli/client.h"

#include "cli/fake_server.h"
#include "cli/test_support.h"

#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::cli {
namespace {

using test::answer;
using test::AnswerTime;
using test::FakeServer;
using testing::HasSubstr;

constexpr const char* kJson = "application/json";

struct Outcome {
    Result<json::object> result = Error(Errc::internal, "not run");
    std::vector<Progress> progress;

    std::string failure() const { return result ? "none" : result.error().message(); }
};

asio::awaitable<void> transcribe(Client& client, InputFile& file, Outcome& out) {
    const TranscriptionRequest request{"talk.wav", "en-us", "en"};
    const Client::OnProgress note = [&out](const Progress& at) { out.progress.push_back(at); };
    out.result = co_await client.transcribe(file, request, note);
}

Outcome transcribed(const ServerAddress& address, InputFile& file) {
    asio::io_context loop;
    Client client(loop, address);
    Outcome out;
    test::run_test(loop, transcribe(client, file, out));
    return out;
}

Outcome transcribed(const FakeServer& server, std::string_view audio) {
    const test::TempFolder folder;
    auto file = InputFile::open(folder.write("talk.wav", audio));
    return transcribed(server.address(), file.value());
}

asio::awaitable<void> ask_model(Client& client, Result<std::string>& out) {
    out = co_await client.default_model();
}

Result<std::string> default_model(const ServerAddress& address) {
    asio::io_context loop;
    Client client(loop, address);
    Result<std::string> out = Error(Errc::internal, "not run");
    test::run_test(loop, ask_model(client, out));
    return out;
}

// Where nobody listens: the port was ours a moment ago.
ServerAddress abandoned_address() {
    return FakeServer([](const auto&) { return std::string(); }).address();
}

TEST(Client, FindsTheDefaultModel) {
    const FakeServer server([](const test::Request& request) {
        return request.target() == "/v1/models" ? test::models_answer()
                                                : answer("404 Not Found", kJson, "{}");
    });
    EXPECT_EQ(default_model(server.address()).value(), "en-us");
    auto below = server.address();
    below.prefix = "/elsewhere";
    EXPECT_EQ(default_model(below).error().errc(), Errc::unavailable);
}

TEST(Client, TellsThatNobodyAnswers) {
    const auto model = default_model(abandoned_address());
    ASSERT_FALSE(model);
    EXPECT_EQ(model.error().errc(), Errc::unavailable);
    EXPECT_THAT(model.error().message(), HasSubstr("no server answers at http://127.0.0.1:"));
}

TEST(Client, TakesNoOtherServiceForTutti) {
    for (const auto* body : {"<html>", "{}", R"({"data":[]})", R"({"data":[3]})",
                             R"({"data":[{"id":"llm","owned_by":"vllm"}]})"}) {
        const FakeServer server(
            [body](const auto&) { return answer("200 OK", "text/html", body); });
        const auto model = default_model(server.address());
        ASSERT_FALSE(model) << body;
        EXPECT_THAT(model.error().message(), HasSubstr("is no Tutti server"));
    }
}

TEST(Client, UploadsTheFileAndReadsTheTranscript) {
    const std::string audio(300'000, '\x80');
    std::string seen;
    Outcome outcome;
    {
        const FakeServer server([&seen](const test::Request& request) {
            seen = request.body();
            return test::events_answer(
                "data: {\"type\":\"transcript.text.delta\",\"delta\":\"hi\"}\n\n"
                "data: {\"type\":\"tutti.progress\",\"recognised\":1.5,\"duration\":3}\n\n" +
                    test::done_event("hi"),
                5);
        });
        outcome = transcribed(server, audio);
    }
    ASSERT_TRUE(outcome.result) << outcome.failure();
    EXPECT_EQ(json::serialize(*outcome.result), R"({"text":"hi"})");
    EXPECT_THAT(seen, HasSubstr(audio));
    EXPECT_THAT(seen, HasSubstr("name=\"model\"\r\n\r\nen-us\r\n"));
    EXPECT_THAT(seen, HasSubstr("name=\"language\"\r\n\r\nen\r\n"));
    EXPECT_THAT(seen, HasSubstr("name=\"include[]\"\r\n\r\nprogress\r\n"));
    EXPECT_THAT(seen, HasSubstr("filename=\"talk.wav\""));
    ASSERT_EQ(outcome.progress.size(), 3u);
    EXPECT_EQ(outcome.progress[1].done, 300'000);
    EXPECT_EQ(outcome.progress[2].stage, Stage::recognising);
    EXPECT_EQ(outcome.progress[2].total, 3);
}

TEST(Client, PassesTheServersMessagesOn) {
    const FakeServer refusing([](const auto&) {
        return answer("400 Bad Request", kJson, R"({"error":{"message":"no such model"}})");
    });
    EXPECT_EQ(transcribed(refusing, "x").failure(), "no such model");
    const FakeServer failing([](const auto&) {
        return test::events_answer("data: {\"error\":{\"message\":\"not audio\"}}\n\n", 1000);
    });
    EXPECT_EQ(transcribed(failing, "x").failure(), "not audio");
}

TEST(Client, AnAnswerCutShortIsAFailure) {
    const FakeServer ending(
        [](const auto&) { return test::events_answer("data: {\"type\":\"x\"}\n\n", 9); });
    EXPECT_THAT(transcribed(ending, "x").failure(),
                HasSubstr("before the transcript was complete"));
    const FakeServer breaking([](const auto&) {
        auto bytes = test::events_answer(test::done_event("hi"), 1000);
        bytes.resize(bytes.size() - 20);
        return bytes;
    });
    EXPECT_THAT(transcribed(breaking, "x").failure(), HasSubstr("connection to the server broke"));
}

TEST(Client, StopsAnUploadThatIsRefused) {
    const FakeServer server(
        [](const auto&) { return answer("413 Payload Too Large", "text/plain", "too large\n"); },
        AnswerTime::after_the_head);
    const test::TempFolder folder;
    const auto path = folder.write("huge", "");
    std::filesystem::resize_file(path, std::uintmax_t{1} << 36);
    auto file = InputFile::open(path);
    const auto outcome = transcribed(server.address(), file.value());
    EXPECT_THAT(outcome.failure(), HasSubstr("413 Payload Too Large: too large"));
    EXPECT_LT(file->position(), file->size());
}

}  // namespace
}  // namespace tutti::cli
