// SPDX-License-Identifier: Apache-2.0
#include "cli/ctl_report.h"

#include "cli/ctl.h"
#include "cli/human_units.h"

#include <CLI/CLI.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::cli {
namespace {

namespace json = boost::json;

using testing::HasSubstr;

struct Parsed {
    CtlOptions options;
    std::string error;  // empty when the words are understood

    std::string request() const {
        return error.empty() ? json::serialize(options.request) : "error: " + error;
    }
};

std::unique_ptr<Parsed> parse(std::string words) {
    auto parsed = std::make_unique<Parsed>();
    CLI::App app;
    app.require_subcommand(1);
    parsed->options.add_to(*app.add_subcommand("ctl"));
    try {
        app.parse("ctl " + words);
    } catch (const CLI::ParseError& error) {
        parsed->error = error.what();
    }
    return parsed;
}

TEST(CtlOptions, MakeTheRequest) {
    const std::pair<const char*, const char*> kTable[] = {
        {"status", R"({"command":"status"})"},
        {"config", R"({"command":"config"})"},
        {"reload", R"({"command":"reload"})"},
        {"reopen", R"({"command":"reopen"})"},
        {"drain", R"({"command":"drain"})"},
        {"undrain", R"({"command":"undrain"})"},
        {"upgrade", R"({"command":"upgrade"})"},
        {"restart gateway 0", R"({"command":"restart","what":"gateway 0"})"},
        {"restart 'gateway 0'", R"({"command":"restart","what":"gateway 0"})"},
        {"restart engine en-us 1", R"({"command":"restart","what":"engine en-us 1"})"},
        {"scale gateway 4", R"({"command":"scale","what":"gateway","to":4})"},
        {"scale tone +1", R"({"command":"scale","what":"tone","by":1})"},
        {"scale scribe -1", R"({"command":"scale","what":"scribe","by":-1})"},
        {"scale status 2", R"({"command":"scale","what":"status","to":2})"},
        {"log-level debug", R"({"command":"log-level","level":"debug"})"},
        {"stop", R"({"command":"stop","how":"graceful"})"},
        {"stop quick", R"({"command":"stop","how":"quick"})"},
        {"stop now", R"({"command":"stop","how":"now"})"},
    };
    for (const auto& [words, request] : kTable)
        EXPECT_EQ(parse(words)->request(), request) << words;
}

TEST(CtlOptions, MayStandBeforeAndBehindTheVerb) {
    for (const auto* words :
         {"--port 8001 --timeout 1.5 status --json", "status --json --timeout 1.5 --port 8001"}) {
        const auto parsed = parse(words);
        EXPECT_EQ(parsed->error, "") << words;
        EXPECT_EQ(parsed->options.port, 8001);
        EXPECT_EQ(parsed->options.timeout_seconds, 1.5);
        EXPECT_TRUE(parsed->options.as_json);
    }
    const auto plain = parse("--socket /run/x status");
    EXPECT_EQ(plain->options.socket, "/run/x");
    EXPECT_FALSE(plain->options.as_json);
    EXPECT_EQ(plain->options.port, std::nullopt);
}

TEST(CtlOptions, RefuseWhatMakesNoSense) {
    for (const auto* words : {"",
                              "dance",
                              "status status",
                              "status extra",
                              "restart",
                              "scale",
                              "scale gateway",
                              "scale gateway many",
                              "scale gateway 1.5",
                              "scale gateway ++1",
                              "scale gateway 1 2",
                              "log-level",
                              "log-level loud",
                              "stop softly",
                              "reload now",
                              "reload --json",
                              "--port 0 status",
                              "--port 70000 status",
                              "--timeout 0 status",
                              "--timeout -1 status",
                              "--timeout soon status",
                              "--config /nonexistent.toml status",
                              "--socket a --port 1 status",
                              "--socket a status --config /dev/null"})
        EXPECT_NE(parse(words)->error, "") << words;
    EXPECT_EQ(parse("--socket a --port 1 status")->error, "--socket excludes --port");
    EXPECT_THAT(parse("scale gateway x")->error, HasSubstr("4, +1 or -1"));
}

TEST(CtlReport, KnowsNumbersOfProcesses) {
    for (const auto* text : {"0", "4", "+1", "-1", "999999999"})
        EXPECT_TRUE(is_amount(text)) << text;
    for (const auto* text : {"", "+", "-", "1x", "x1", " 1", "+-1", "1.0", "9999999999"})
        EXPECT_FALSE(is_amount(text)) << text;
}

TEST(CtlReport, SaysInALineWhatHappened) {
    const auto line = [](const char* words, const char* result) {
        return report_line(parse(words)->options.request, json::parse(result));
    };
    EXPECT_EQ(line("reload", R"({"generation":3})"), "reloaded: generation 3");
    EXPECT_EQ(line("scale tone +1", R"({"what":"tone","count":2})"), "tone: 2 processes");
    EXPECT_EQ(line("scale tone 1", R"({"what":"tone","count":1})"), "tone: 1 process");
    EXPECT_EQ(line("upgrade", R"({"pid":77})"), "upgraded: the server with pid 77 serves");
    EXPECT_EQ(line("restart gateway 0", R"("restarted")"), "restarted gateway 0");
    EXPECT_EQ(line("log-level debug", R"("set")"), "the log level is debug");
    EXPECT_EQ(line("stop quick", R"("stopping")"), "stopping within 2 s");
    for (const auto* words : {"reopen", "drain", "undrain", "stop", "stop now"})
        EXPECT_THAT(line(words, "null"), testing::SizeIs(testing::Gt(10u))) << words;
}

TEST(CtlReport, TrustsNoResult) {
    EXPECT_EQ(report_line({{"command", "reload"}}, nullptr), "reloaded: generation ?");
    EXPECT_EQ(report_line({{"command", "future"}}, {{"a", 1}}), R"({"a":1})");
    EXPECT_EQ(report_line({{"command", "future"}}, "x\x1b[2J"), "x\\x1b[2J");
}

TEST(HumanUnits, Times) {
    const std::pair<double, const char*> kTable[] = {
        {-1, "0.0s"},      {0, "0.0s"},       {0.25, "0.2s"},      {9.99, "9.9s"},
        {10, "10s"},       {59.9, "59s"},     {60, "1m 0s"},       {200, "3m 20s"},
        {3599, "59m 59s"}, {3600, "1h 0m"},   {18720, "5h 12m"},   {86399, "23h 59m"},
        {86400, "1d 0h"},  {273600, "3d 4h"}, {8640000, "100d 0h"}};
    for (const auto& [seconds, text] : kTable) EXPECT_EQ(short_time(seconds), text) << seconds;
}

TEST(HumanUnits, Sizes) {
    const std::pair<double, const char*> kTable[] = {
        {0, "0 B"},          {812, "812 B"},          {999, "999 B"},     {1000, "1.0 kB"},
        {4100, "4.1 kB"},    {99'949, "99.9 kB"},     {99'960, "100 kB"}, {999'499, "999 kB"},
        {999'500, "1.0 MB"}, {128'000'000, "128 MB"}, {2.5e9, "2.5 GB"},  {7e15, "7000 TB"}};
    for (const auto& [bytes, text] : kTable) EXPECT_EQ(short_size(bytes), text) << bytes;
}

}  // namespace
}  // namespace tutti::cli
