// SPDX-License-Identifier: Apache-2.0
#include "cli/ctl_status.h"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::cli {
namespace {

namespace json = boost::json;

using testing::HasSubstr;
using testing::Not;

constexpr const char* kHealthy = R"json({
  "version":"0.1.0","pid":4242,"state":"ready","uptime_seconds":11542.3,
  "url":"http://127.0.0.1:8000","generation":1,"upgrade":null,"last_reload":null,"places":[
  {"name":"engine en-us 0","role":"engine","number":0,"model":"en-us","state":"ready","deaths":0,
   "last_death":"","processes":[{"pid":4243,"state":"ready","generation":1,"uptime_seconds":11540,
   "beat_age_seconds":0.25,"rss_bytes":128400000,"requests":12034,"connections":0,"streams":12}]},
  {"name":"scribe 0","role":"scribe","number":1,"model":"","state":"ready","deaths":1,
   "last_death":"signal 9 (Killed)","processes":[{"pid":99,"state":"ready","generation":1,
   "uptime_seconds":42,"beat_age_seconds":0.1,"rss_bytes":9100000,"requests":3,"connections":0,
   "streams":0}]},
  {"name":"gateway 0","role":"gateway","number":2,"model":"","state":"ready","deaths":0,
   "last_death":"","processes":[{"pid":14250,"state":"ready","generation":1,
   "uptime_seconds":11540.1,"beat_age_seconds":0,"rss_bytes":13000000,"requests":7,
   "connections":31,"streams":12}]}]})json";

std::string text_of(const json::object& status) {
    return status_text(status, TextStyle::plain);
}

json::object healthy() {
    return json::parse(kHealthy).as_object();
}

json::object& gateway_of(json::object& status) {
    return status["places"].as_array().back().as_object();
}

TEST(CtlStatus, IsALineAndATable) {
    EXPECT_EQ(
        text_of(healthy()),
        "ready: Tutti 0.1.0 at http://127.0.0.1:8000, pid 4242, up 3h 12m, generation 1\n"
        "\n"
        "PLACE             PID  STATE     AGE  BEAT   MEMORY  REQUESTS  CONNECTIONS  STREAMS\n"
        "engine en-us 0   4243  ready  3h 12m  0.2s   128 MB     12034            -       12\n"
        "scribe 0           99  ready     42s  0.1s   9.1 MB         3            -        -\n"
        "gateway 0       14250  ready  3h 12m  0.0s  13.0 MB         7           31       12\n");
}

TEST(CtlStatus, TellsWhyAPlaceIsEmpty) {
    auto status = healthy();
    auto& gateway = gateway_of(status);
    gateway["state"] = "failing";
    gateway["deaths"] = 6;
    gateway["last_death"] = "signal 9 (Killed)";
    gateway["processes"] = json::array();
    EXPECT_THAT(text_of(status),
                HasSubstr("gateway 0          -  failing  6 deaths, last: signal 9 (Killed)\n"));
    gateway["state"] = "starting";
    gateway["deaths"] = 1;
    gateway["last_death"] = "exit code 1";
    EXPECT_THAT(text_of(status),
                HasSubstr("gateway 0          -  starting  1 death, last: exit code 1\n"));
    gateway["state"] = "stopped";
    gateway["deaths"] = 0;
    EXPECT_THAT(text_of(status), HasSubstr("gateway 0          -  stopped\n"));
}

TEST(CtlStatus, TellsThatAPlaceFailsThoughAProcessStartsThere) {
    auto status = healthy();
    auto& gateway = gateway_of(status);
    gateway["state"] = "failing";
    gateway["deaths"] = 6;
    gateway["last_death"] = "exit code 70";
    gateway["processes"].as_array()[0].as_object()["state"] = "starting";
    EXPECT_THAT(text_of(status), HasSubstr("       12  failing: 6 deaths, last: exit code 70\n"));
}

TEST(CtlStatus, HasARowForEveryProcessOfAPlace) {
    auto status = healthy();
    auto& processes = gateway_of(status)["processes"].as_array();
    auto old = processes[0];
    old.as_object()["state"] = "draining";
    old.as_object()["pid"] = 17;
    processes.push_back(old);
    EXPECT_THAT(text_of(status), HasSubstr("gateway 0       14250  ready     3h 12m"));
    EXPECT_THAT(text_of(status), HasSubstr("gateway 0          17  draining  3h 12m"));
}

TEST(CtlStatus, TellsOfAReloadThatFailed) {
    auto status = healthy();
    status["last_reload"] = {{"at", "2026-11-21T10:00:00Z"}, {"ok", true}, {"error", ""}};
    EXPECT_EQ(text_of(status), text_of(healthy()));
    status["last_reload"] = {
        {"at", "2026-11-21T10:00:00Z"}, {"ok", false}, {"error", "port cannot change"}};
    EXPECT_THAT(text_of(status),
                HasSubstr("generation 1\nthe last reload failed at 2026-11-21 10:00:00 UTC, "
                          "nothing was changed: port cannot change\n\nPLACE"));
}

TEST(CtlStatus, TellsOfAnUpgrade) {
    auto status = healthy();
    status["upgrade"] = "running";
    EXPECT_THAT(text_of(status), HasSubstr("generation 1\nan upgrade is under way"));
}

TEST(CtlStatus, ColoursStatesOnlyWhenAsked) {
    auto status = healthy();
    gateway_of(status)["state"] = "failing";
    gateway_of(status)["processes"] = json::array();
    EXPECT_THAT(text_of(status), Not(HasSubstr("\x1b")));
    auto text = status_text(status, TextStyle::coloured);
    EXPECT_THAT(text, HasSubstr("\x1b[32mready\x1b[0m  "));
    EXPECT_THAT(text, HasSubstr("\x1b[1;31mfailing\x1b[0m"));
    for (const auto* colour : {"\x1b[32m", "\x1b[33m", "\x1b[1;31m", "\x1b[0m"})
        for (auto at = text.find(colour); at != text.npos; at = text.find(colour))
            text.erase(at, std::strlen(colour));
    EXPECT_EQ(text, text_of(status)) << "colours change the columns";
}

TEST(CtlStatus, TrustsNoServer) {
    for (const auto* text :
         {"{}", R"({"places":7})", R"({"places":[7,{},{"processes":[{}]},{"processes":{}}]})",
          R"({"pid":"x","uptime_seconds":null,"last_reload":[],"upgrade":5})",
          R"({"last_reload":{"ok":false}})", R"({"pid":-1,"uptime_seconds":-1e300})"})
        EXPECT_THAT(text_of(json::parse(text).as_object()), HasSubstr("PLACE")) << text;
    EXPECT_THAT(text_of({{"state", "\x1b[2Jready"}, {"version", "1\n2"}}),
                HasSubstr("\\x1b[2Jready: Tutti 1\\x0a2 at ?, pid ?, up ?"));
}

}  // namespace
}  // namespace tutti::cli
