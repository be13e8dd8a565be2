// SPDX-License-Identifier: Apache-2.0
#include "cli/progress_line.h"
#include "cli/rendering.h"
#include "cli/server_address.h"
#include "cli/server_event.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::cli {
namespace {

using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

std::string refusal_of(std::string_view url) {
    const auto address = parse_server_address(url);
    return address ? "accepted" : address.error().message();
}

TEST(ServerAddress, IsTakenApart) {
    const auto address = parse_server_address("http://speech.example:8123/tutti/");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->host, "speech.example");
    EXPECT_EQ(address->port, "8123");
    EXPECT_EQ(address->authority, "speech.example:8123");
    EXPECT_EQ(address->prefix, "/tutti");
    EXPECT_EQ(address->url(), "http://speech.example:8123/tutti");
}

TEST(ServerAddress, KnowsTheUsualPortAndIpv6) {
    EXPECT_EQ(parse_server_address("http://a.example")->port, "80");
    const auto v6 = parse_server_address("http://[::1]:8000");
    ASSERT_TRUE(v6);
    EXPECT_EQ(v6->host, "::1");
    EXPECT_EQ(v6->authority, "[::1]:8000");
}

TEST(ServerAddress, RefusesWhatItCannotReach) {
    EXPECT_THAT(refusal_of("https://a.example"), HasSubstr("https is not supported"));
    for (const auto* url : {"", "localhost:8000", "127.0.0.1:8000", "http://", "http://:80",
                            "ftp://a", "http://a:99999", "http://a:0", "http://a:", "http://a b"})
        EXPECT_NE(refusal_of(url), "accepted") << url;
    EXPECT_THAT(refusal_of("http://me@a"), HasSubstr("user name"));
    EXPECT_THAT(refusal_of("http://a?x=1"), HasSubstr("query"));
}

TEST(ServerEvent, TellsTheKindsApart) {
    const auto progress =
        read_event(R"({"type":"tutti.progress","recognised":2.5,"decoded":9,"duration":60})");
    ASSERT_TRUE(progress);
    EXPECT_EQ(std::get<Recognised>(*progress).seconds, 2.5);
    EXPECT_EQ(std::get<Recognised>(*progress).duration, 60);
    const auto delta = read_event(R"({"type":"transcript.text.delta","delta":"hi"})");
    EXPECT_TRUE(std::holds_alternative<Uninteresting>(*delta));
    const auto done =
        read_event(R"({"type":"transcript.text.done","text":"hi","words":[],"segments":[]})");
    EXPECT_EQ(json::serialize(std::get<Finished>(*done).transcript),
              R"({"text":"hi","words":[],"segments":[]})");
    const auto failed = read_event(R"({"type":"error","error":{"message":"not\naudio"}})");
    EXPECT_EQ(std::get<Failed>(*failed).message, "not\\x0aaudio");
    EXPECT_FALSE(std::get<Failed>(*read_event(R"({"error":7})")).message.empty());
}

TEST(ServerEvent, TrustsNoServer) {
    EXPECT_FALSE(read_event("[DONE]"));
    EXPECT_FALSE(read_event("[]"));
    const auto odd = read_event(R"({"type":"tutti.progress","recognised":-1,"duration":"long"})");
    EXPECT_EQ(std::get<Recognised>(*odd).seconds, 0);
    EXPECT_EQ(std::get<Recognised>(*odd).duration, 0);
}

TEST(ServerEvent, ReadsRefusals) {
    EXPECT_EQ(refusal_message(404, R"({"error":{"message":"there is no model 'x' here"}})"),
              "there is no model 'x' here");
    EXPECT_EQ(refusal_message(413, "the upload is too large\n"),
              "the server answered 413 Payload Too Large: the upload is too large");
    EXPECT_EQ(refusal_message(502, "<html>\n"), "the server answered 502 Bad Gateway");
}

json::object finished(std::string_view text) {
    return json::parse(text).as_object();
}

const auto kTwoSegments = R"({"text":"good day to you","words":[
    {"word":"good","start":0.1,"end":0.3},{"word":"day","start":0.4,"end":1.0},
    {"word":"to","start":4.0,"end":4.2},{"word":"you","start":4.3,"end":4.5}],
    "segments":[{"start":0.0,"end":1.1,"text":"Good day."},{"start":4.0,"end":4.6,"text":"To you!"}]})";

TEST(Rendering, GivesEachSegmentItsWords) {
    const auto transcript = transcript_of(finished(kTwoSegments));
    ASSERT_EQ(transcript.utterances.size(), 2u);
    ASSERT_EQ(transcript.utterances[0].words.size(), 2u);
    ASSERT_EQ(transcript.utterances[1].words.size(), 2u);
    EXPECT_EQ(transcript.utterances[1].words[0].text, "to");
    EXPECT_EQ(transcript.utterances[1].words[0].start, proto::Millis(4000));
}

TEST(Rendering, WritesEveryFormat) {
    const auto done = finished(kTwoSegments);
    EXPECT_EQ(render(done, Format::txt), "good day to you\n");
    EXPECT_EQ(render(done, Format::srt),
              "1\n00:00:00,100 --> 00:00:01,000\nGood day.\n\n"
              "2\n00:00:04,000 --> 00:00:04,500\nTo you!\n\n");
    EXPECT_THAT(render(done, Format::vtt), StartsWith("WEBVTT\n\n00:00:00.100 --> 00:00:01.000\n"));
    EXPECT_EQ(finished(render(done, Format::json)), done);
    EXPECT_EQ(render(finished(R"({"text":""})"), Format::srt), "");
}

TEST(Rendering, LabelsWhatSharesAStream) {
    const auto done = finished(R"({"text":"hi"})");
    EXPECT_EQ(render(done, Format::txt, "a/b.wav"), "== a/b.wav\nhi\n");
    EXPECT_EQ(render(done, Format::json, "b.wav"), "{\"file\":\"b.wav\",\"text\":\"hi\"}\n");
    EXPECT_EQ(render(done, Format::vtt, "b.wav"), "WEBVTT\n\n");
}

TEST(Rendering, SurvivesOddAnswers) {
    const auto transcript = transcript_of(finished(
        R"({"text":"a b","words":[{"word":"a","start":1,"end":2},7,{"word":3,"start":-9e99}]})"));
    ASSERT_EQ(transcript.utterances.size(), 1u);
    EXPECT_EQ(transcript.utterances[0].text, "a b");
    EXPECT_EQ(transcript.utterances[0].words.size(), 2u);
    EXPECT_EQ(transcript.utterances[0].words[1].start, proto::Millis(0));
    EXPECT_TRUE(transcript_of(finished(R"({"segments":{},"words":null})")).utterances.empty());
}

TEST(ProgressLine, ShowsShareAndAmounts) {
    EXPECT_EQ(progress_line("a.wav", {Stage::uploading, 60e6, 240e6}, 60),
              "a.wav uploading   [###............]  25% 60.0 MB of 240.0 MB");
    EXPECT_EQ(progress_line("a.wav", {Stage::recognising, 754, 3600}, 79),
              "a.wav recognising [#######..............................]  20% 12:34 of 1:00:00");
    EXPECT_EQ(progress_line("a.wav", {Stage::recognising, 61, 0}, 79), "a.wav recognising 1:01");
    EXPECT_THAT(progress_line("a", {Stage::recognising, 70, 60}, 79), HasSubstr("#] 100%"));
}

// A character beyond ASCII may be two columns wide.
std::size_t widest(std::string_view text) {
    std::size_t columns = 0;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x80) columns += 1;
        if (byte >= 0xc0) columns += 2;
    }
    return columns;
}

TEST(ProgressLine, NeverExceedsTheWidth) {
    const std::string names[] = {"a.wav", std::string(300, 'x') + ".wav",
                                 "日本語の長い名前です.wav", "bad\xff\nname.wav"};
    for (const auto& name : names) {
        for (std::size_t width = 0; width < 130; ++width) {
            const auto line = progress_line(name, {Stage::uploading, 5, 10e9}, width);
            EXPECT_LE(widest(line), width) << line;
            EXPECT_THAT(line, Not(HasSubstr("\n")));
        }
    }
    EXPECT_THAT(progress_line("/very/long/folder/of/things/talk.wav", {}, 50), StartsWith(".."));
}

}  // namespace
}  // namespace tutti::cli
