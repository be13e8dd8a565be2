// SPDX-License-Identifier: Apache-2.0
#include "dialect/deepgram_live.h"

#include "dialect/deepgram_json.h"
#include "dialect/test_support.h"

#include <gtest/gtest.h>

namespace tutti::dialect {
namespace {

using test::sent;
using test::utterance;

DeepgramLive live(std::string_view query = "interim_results=true&vad_events=true") {
    return {parse_deepgram_live(parse_query(query).value()).value(),
            {"req-1", "en-us", std::chrono::sys_days(std::chrono::year(2026) / 1 / 2)}};
}

boost::json::value only(const std::vector<Command>& commands) {
    EXPECT_EQ(commands.size(), 1u);
    return sent(commands.at(0));
}

TEST(DeepgramLive, AFinalHasTheWholeShape) {
    auto dialect = live();
    const auto commands =
        dialect.on_event(Final{utterance("good day", Millis(600)), Final::Cause::endpoint});
    ASSERT_EQ(commands.size(), 1u);
    EXPECT_EQ(
        std::get<SendText>(commands[0]).text,
        R"({"type":"Results","channel_index":[0,1],"duration":1.2,"start":0.0,"is_final":true,)"
        R"("speech_final":true,"from_finalize":false,"channel":{"alternatives":[{)"
        R"("transcript":"good day","confidence":0.9,"words":[)"
        R"({"word":"good","start":0.6,"end":0.8,"confidence":0.9},)"
        R"({"word":"day","start":0.9,"end":1.1,"confidence":0.9}]}]},)"
        R"("metadata":{"request_id":"req-1","model_info":{"name":"en-us","version":"latest",)"
        R"("arch":"tutti"},"model_uuid":")" +
            deepgram_model_uuid("en-us") + R"("},"segment":0,"offset":0})");
}

TEST(DeepgramLive, AFinalTellsItsNumberAndWhatItClosesToAllButTheTokenToWhoAsked) {
    auto dialect = live();
    Final final{utterance("a", Millis(0)), Final::Cause::endpoint, 3, 48000};
    auto message = only(dialect.on_event(final));
    EXPECT_EQ(message.at("segment"), 3);
    EXPECT_EQ(message.at("offset"), 48000);
    EXPECT_FALSE(message.as_object().contains("resume_token"));
    final.resume_token = "t1";
    message = only(dialect.on_event(final));
    EXPECT_EQ(message.at("resume_token"), "t1");
    const auto interim =
        only(dialect.on_event(Partial{utterance("b", Millis(8000)), Millis(9000)}));
    EXPECT_FALSE(interim.as_object().contains("segment"));
}

TEST(DeepgramLive, TheLanguageIsToldIfItWasHeard) {
    auto dialect = live();
    auto heard = utterance("a", Millis(0));
    const auto alternative = [&] {
        const auto message = only(dialect.on_event(Final{heard, Final::Cause::endpoint}));
        return message.at_pointer("/channel/alternatives/0").as_object();
    };
    EXPECT_FALSE(alternative().contains("languages"));
    heard.language = "zh";
    EXPECT_EQ(alternative().at("languages"), boost::json::array{"zh"});
}

TEST(DeepgramLive, AResumePointTellsWhereToGoOn) {
    DeepgramLive dialect(parse_deepgram_live({}).value(),
                         {"req-1", "en-us", {}, "stream-1", Millis(0)});
    EXPECT_EQ(only(dialect.on_event(ResumePoint{2, 32000, "t1", std::chrono::seconds(60)})),
              boost::json::parse(R"({"type":"ResumePoint","stream_id":"stream-1","segment":2,)"
                                 R"("offset":32000,"resume_token":"t1","window":60})"));
}

TEST(DeepgramLive, AResumedStreamsFirstWindowBeginsWhereTheLastOneEnded) {
    DeepgramLive dialect(parse_deepgram_live({}).value(),
                         {"req-2", "en-us", {}, "stream-1", Millis(5000)});
    const auto message = only(
        dialect.on_event(Final{utterance("a", Millis(6000)), Final::Cause::endpoint, 1, 96000}));
    EXPECT_EQ(message.at("start"), 5.0);
}

TEST(DeepgramLive, WindowsAreContiguous) {
    auto dialect = live();
    double expected_start = 0;
    for (int i = 0; i < 5; ++i) {
        const auto spoken = utterance("a b c", Millis(1000 + 3000 * i));
        const auto partial = only(dialect.on_event(Partial{spoken, spoken.end + Millis(70)}));
        EXPECT_EQ(partial.at("is_final"), false);
        EXPECT_DOUBLE_EQ(partial.at("start").as_double(), expected_start);
        const auto message = only(dialect.on_event(Final{spoken, Final::Cause::endpoint}));
        EXPECT_EQ(message.at("is_final"), true);
        EXPECT_DOUBLE_EQ(message.at("start").as_double(), expected_start);
        expected_start += message.at("duration").as_double();
        EXPECT_NEAR(expected_start, static_cast<double>(spoken.end.count()) / 1000, 1e-9);
    }
}

TEST(DeepgramLive, AnInterimBeginsAfterAFinalThatIsToldLater) {
    auto dialect = live();
    const auto early =
        only(dialect.on_event(Partial{utterance("b", Millis(2500)), Millis(3000), Millis(2000)}));
    EXPECT_EQ(early.at("start"), 2.0);
    EXPECT_EQ(early.at("duration"), 1.0);
    const auto late =
        only(dialect.on_event(Final{utterance("a", Millis(500)), Final::Cause::endpoint}));
    EXPECT_EQ(late.at("start"), 0.0);
}

TEST(DeepgramLive, InterimsCoverTheAudioHeardAndAreNeverSpeechFinal) {
    auto dialect = live();
    const auto message =
        only(dialect.on_event(Partial{utterance("good", Millis(600)), Millis(1500)}));
    EXPECT_EQ(message.at("duration"), 1.5);
    EXPECT_EQ(message.at("is_final"), false);
    EXPECT_EQ(message.at("speech_final"), false);
}

TEST(DeepgramLive, AnOldMarkNeverMakesADurationNegative) {
    auto dialect = live();
    (void)dialect.on_event(Final{utterance("a", Millis(5000)), Final::Cause::endpoint});
    const auto late =
        only(dialect.on_event(Final{utterance("b", Millis(1000)), Final::Cause::flush}));
    EXPECT_EQ(late.at("duration"), 0.0);
    EXPECT_EQ(late.at("start"), 5.3);
}

TEST(DeepgramLive, TheCauseDecidesSpeechFinalAndFromFinalize) {
    using Cause = Final::Cause;
    struct Row {
        const char* query;
        Cause cause;
        bool speech_final, from_finalize;
    };
    for (const auto& row :
         {Row{"", Cause::endpoint, true, false}, Row{"", Cause::flush, false, true},
          Row{"", Cause::finish, false, false}, Row{"", Cause::length, false, false},
          Row{"endpointing=false", Cause::endpoint, false, false},
          Row{"endpointing=false", Cause::flush, false, true}}) {
        auto dialect = live(row.query);
        const auto message = only(dialect.on_event(Final{{}, row.cause}));
        EXPECT_EQ(message.at("speech_final").as_bool(), row.speech_final);
        EXPECT_EQ(message.at("from_finalize").as_bool(), row.from_finalize);
        EXPECT_EQ(message.at("channel").at("alternatives").at(0).at("transcript"), "");
        EXPECT_TRUE(message.at("channel").at("alternatives").at(0).at("words").as_array().empty());
    }
}

TEST(DeepgramLive, FormattingAddsPunctuatedWords) {
    auto dialect = live("punctuate=true");
    const auto message =
        only(dialect.on_event(Final{utterance("good day", Millis(600)), Final::Cause::endpoint}));
    const auto& alternative = message.at("channel").at("alternatives").at(0);
    EXPECT_EQ(alternative.at("transcript"), "Good day");
    EXPECT_EQ(alternative.at("words").at(0).at("word"), "good");
    EXPECT_EQ(alternative.at("words").at(0).at("punctuated_word"), "Good");
    EXPECT_EQ(alternative.at("words").at(1).at("punctuated_word"), "day");
}

TEST(DeepgramLive, WhatWasNotAskedForIsNotSent) {
    auto dialect = live("");
    EXPECT_TRUE(dialect.on_event(Partial{utterance("a", Millis(200)), Millis(500)}).empty());
    EXPECT_TRUE(dialect.on_event(SpeechStarted{Millis(10)}).empty());
    EXPECT_TRUE(dialect.on_event(Flushed{}).empty());
}

TEST(DeepgramLive, SpeechEventsHaveTheirChannelPair) {
    auto dialect = live();
    const auto texts = dialect.on_event(SpeechStarted{Millis(9540)});
    EXPECT_EQ(std::get<SendText>(texts.at(0)).text,
              R"({"type":"SpeechStarted","channel":[0,1],"timestamp":9.54})");
    const auto end = dialect.on_event(UtteranceEnd{Millis(2395)});
    EXPECT_EQ(std::get<SendText>(end.at(0)).text,
              R"({"type":"UtteranceEnd","channel":[0,1],"last_word_end":2.395})");
}

TEST(DeepgramLive, AudioPassesThroughAsAView) {
    auto dialect = live();
    const std::string pcm(640, 'x');
    const auto commands = dialect.on_message(MessageKind::binary, pcm);
    ASSERT_EQ(commands.size(), 1u);
    EXPECT_EQ(std::get<PushAudio>(commands[0]).bytes.data(), pcm.data());
}

TEST(DeepgramLive, ControlMessagesBecomeCommands) {
    auto dialect = live();
    const auto says = [&](std::string_view text) {
        return dialect.on_message(MessageKind::text, text);
    };
    EXPECT_TRUE(says(R"({"type":"KeepAlive"})").empty());
    EXPECT_TRUE(says(R"({"type":"Configure","x":1})").empty());
    EXPECT_TRUE(std::holds_alternative<Flush>(says(R"({"type":"Finalize","channel":0})").at(0)));
    EXPECT_TRUE(std::holds_alternative<Finish>(says(R"({"type":"CloseStream"})").at(0)));
    EXPECT_TRUE(says(R"({"type":"CloseStream"})").empty());
    EXPECT_TRUE(dialect.on_message(MessageKind::binary, "late audio").empty());
}

TEST(DeepgramLive, AnEmptyBinaryFrameEndsTheStream) {
    auto dialect = live();
    const auto commands = dialect.on_message(MessageKind::binary, "");
    ASSERT_EQ(commands.size(), 1u);
    EXPECT_TRUE(std::holds_alternative<Finish>(commands[0]));
}

TEST(DeepgramLive, TheEndIsMetadataAndAPlainClose) {
    auto dialect = live();
    (void)dialect.on_message(MessageKind::text, R"({"type":"CloseStream"})");
    const auto commands = dialect.on_event(Finished{Millis(12300), "abcd"});
    ASSERT_EQ(commands.size(), 2u);
    EXPECT_EQ(
        std::get<SendText>(commands[0]).text,
        R"({"type":"Metadata","transaction_key":"deprecated","request_id":"req-1","sha256":"abcd",)"
        R"("created":"2026-01-02T00:00:00.000Z","duration":12.3,"channels":1})");
    EXPECT_EQ(std::get<Close>(commands[1]).code, 1000);
    EXPECT_TRUE(dialect.on_event(Finished{}).empty());
}

TEST(DeepgramLive, WithoutAudioThereAreNoChannels) {
    auto dialect = live();
    const auto commands = dialect.on_event(Finished{});
    EXPECT_EQ(sent(commands.at(0)).at("channels"), 0);
    EXPECT_EQ(sent(commands.at(0)).at("duration"), 0.0);
}

TEST(DeepgramLive, FailuresCloseWithDeepgramsCodeWords) {
    const std::tuple<Errc, int, std::string_view> rows[] = {
        {Errc::undecodable_audio, 1008, "DATA-0000 "}, {Errc::client_idle, 1011, "NET-0001 "},
        {Errc::unavailable, 1011, "NET-0000 "},        {Errc::busy, 1011, "NET-0000 "},
        {Errc::internal, 1011, "NET-0000 "},           {Errc::canceled, 1012, "NET-0000 "},
        {Errc::too_large, 1009, "DATA-0001 "},
    };
    for (const auto& [cause, code, word] : rows) {
        auto dialect = live();
        const auto commands = dialect.on_event(Failed{{cause, std::string(200, '\xff')}});
        ASSERT_EQ(commands.size(), 1u);
        const auto& close = std::get<Close>(commands[0]);
        EXPECT_EQ(close.code, code);
        EXPECT_TRUE(close.reason.starts_with(word)) << close.reason;
        EXPECT_LE(close.reason.size(), 123u);
        EXPECT_TRUE(dialect.on_message(MessageKind::binary, "x").empty());
    }
}

TEST(DeepgramLive, HostileControlClosesOrIsIgnored) {
    for (const auto& text : test::hostile_json()) {
        auto dialect = live();
        for (const auto& command : dialect.on_message(MessageKind::text, text)) {
            ASSERT_TRUE(std::holds_alternative<Close>(command)) << text.substr(0, 40);
            EXPECT_EQ(std::get<Close>(command).code, 1008);
            EXPECT_TRUE(std::get<Close>(command).reason.starts_with("DATA-0001 "));
        }
    }
    std::mt19937 random(9);
    for (int i = 0; i < 20000; ++i) {
        auto dialect = live("");
        (void)dialect.on_message(MessageKind::text,
                                 "{\"type\":\"" + test::random_bytes(random, 12));
    }
}

TEST(DeepgramLive, ModelUuidsAreStableAndDiffer) {
    const auto uuid = deepgram_model_uuid("en-us");
    ASSERT_EQ(uuid.size(), 36u) << uuid;
    for (const auto dash : {8u, 13u, 18u, 23u}) EXPECT_EQ(uuid[dash], '-');
    EXPECT_EQ(uuid[14], '8');
    EXPECT_EQ(uuid, deepgram_model_uuid("en-us"));
    EXPECT_NE(uuid, deepgram_model_uuid("en-uk"));
}

}  // namespace
}  // namespace tutti::dialect
