// SPDX-License-Identifier: Apache-2.0
#include "dialect/subtitles.h"

#include "dialect/test_support.h"
#include "dialect/utf8.h"

#include <gtest/gtest.h>

#include <sstream>

namespace tutti::dialect {
namespace {

TEST(Subtitles, SrtNumbersCuesAndUsesCommas) {
    EXPECT_EQ(render_srt(test::transcript()),
              "1\n00:00:00,100 --> 00:00:00,600\ngood day\n\n"
              "2\n00:00:04,000 --> 00:00:04,800\nto you all\n\n");
}

TEST(Subtitles, VttHasAHeaderAndUsesDots) {
    EXPECT_EQ(render_vtt(test::transcript()),
              "WEBVTT\n\n00:00:00.100 --> 00:00:00.600\ngood day\n\n"
              "00:00:04.000 --> 00:00:04.800\nto you all\n\n");
    EXPECT_EQ(render_vtt({}), "WEBVTT\n\n");
    EXPECT_EQ(render_srt({}), "");
}

TEST(Subtitles, HoursAreCounted) {
    proto::Transcript transcript;
    transcript.utterances = {test::utterance("late", Millis(3600000 * 25 + 61001))};
    EXPECT_NE(render_srt(transcript).find("25:01:01,001 -->"), std::string::npos);
}

TEST(Subtitles, CuesKeepTheirLimits) {
    std::string text;
    std::mt19937 random(8);
    for (int i = 0; i < 400; ++i)
        text += (i ? " " : "") + std::string(1 + random() % 12, static_cast<char>('a' + i % 26));
    proto::Transcript transcript;
    transcript.utterances = {test::utterance(text, Millis(500))};
    std::istringstream lines(render_srt(transcript));
    std::string line, all;
    int text_lines = 0;
    while (std::getline(lines, line)) {
        if (line.find("-->") != std::string::npos) {
            const auto ms = [&](std::size_t at) {
                return std::stoi(line.substr(at, 2)) * 3600000 +
                       std::stoi(line.substr(at + 3, 2)) * 60000 +
                       std::stoi(line.substr(at + 6, 2)) * 1000 + std::stoi(line.substr(at + 9, 3));
            };
            EXPECT_LE(ms(17) - ms(0), 7000) << line;
            EXPECT_LT(ms(0), ms(17)) << line;
            text_lines = 0;
        } else if (!line.empty() && !std::isdigit(static_cast<unsigned char>(line[0]))) {
            EXPECT_LE(line.size(), 42u);
            EXPECT_LE(++text_lines, 2);
            all += (all.empty() ? "" : " ") + line;
        }
    }
    EXPECT_EQ(all, text);
}

TEST(Subtitles, WidthCountsCharactersNotBytes) {
    std::string text;
    for (int i = 0; i < 7; ++i)
        text += (i ? " " : "") + std::string("\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9\xc3\xa9");
    proto::Transcript transcript;
    transcript.utterances = {test::utterance(text, Millis(100))};
    EXPECT_NE(render_srt(transcript).find("\n" + text + "\n"), std::string::npos);
}

TEST(Subtitles, VttTextIsEscapedAndArrowsNeverAppear) {
    proto::Transcript transcript;
    transcript.utterances = {test::utterance("<b> a&b ---> -->-->", Millis(100))};
    const auto vtt = render_vtt(transcript);
    EXPECT_NE(vtt.find("&lt;b&gt; a&amp;b -\xe2\x86\x92 \xe2\x86\x92\xe2\x86\x92"),
              std::string::npos)
        << vtt;
    const auto srt = render_srt(transcript);
    const auto first_arrow = srt.find("-->");
    EXPECT_EQ(srt.find("-->", first_arrow + 1), std::string::npos) << srt;
}

TEST(Subtitles, TextWithoutWordTimesIsSpread) {
    proto::Transcript transcript;
    transcript.utterances = {{"one two\nthree\r\nfour", {}, Millis(0), Millis(2000), 0}};
    EXPECT_EQ(render_srt(transcript), "1\n00:00:00,000 --> 00:00:02,000\none two three four\n\n");
}

TEST(Subtitles, PunctuatedTextKeepsItsMarksAndTheWordsTimes) {
    auto spoken = test::utterance("good day", Millis(100));
    spoken.text = "Good day!";
    proto::Transcript transcript;
    transcript.utterances = {spoken};
    EXPECT_EQ(render_srt(transcript), "1\n00:00:00,100 --> 00:00:00,600\nGood day!\n\n");
}

TEST(Subtitles, OneEndlessWordStandsAlone) {
    proto::Transcript transcript;
    const std::string word(60, 'w');
    transcript.utterances = {test::utterance("a " + word + " b", Millis(100))};
    EXPECT_NE(render_srt(transcript).find("\na\n" + word + "\n\n2\n"), std::string::npos);
}

}  // namespace
}  // namespace tutti::dialect
