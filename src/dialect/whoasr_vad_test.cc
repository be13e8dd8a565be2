// SPDX-License-Identifier: Apache-2.0
#include "dialect/whoasr_vad.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::dialect {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

proto::Utterance speech(int start, int end) {
    proto::Utterance utterance;
    utterance.start = Millis(start);
    utterance.end = Millis(end);
    return utterance;
}

// What a list of commands says to the client, and "begin", "flush", "audio N", "close N".
std::vector<std::string> said(const std::vector<Command>& commands) {
    std::vector<std::string> out;
    for (const auto& command : commands) {
        if (const auto* text = std::get_if<SendText>(&command)) out.push_back(text->text);
        if (std::get_if<Begin>(&command)) out.emplace_back("begin");
        if (std::get_if<Flush>(&command)) out.emplace_back("flush");
        if (const auto* audio = std::get_if<PushOwnedAudio>(&command))
            out.push_back("audio " + std::to_string(audio->bytes.size()));
        if (const auto* close = std::get_if<Close>(&command))
            out.push_back("close " + std::to_string(close->code));
    }
    return out;
}

std::string result(const std::string& pair, bool is_final = false) {
    return R"({"type":"vad_result","segments":[[)" + pair + R"(]],"is_final":)" +
           (is_final ? "true}" : "false}");
}

const std::string kStarted = R"({"type":"status","message":"VAD started"})";
const std::string kStopped = R"({"type":"status","message":"VAD stopped"})";

class VadSocket : public testing::Test {
  protected:
    std::vector<std::string> send(std::string_view text) {
        return said(dialect_.on_message(MessageKind::text, text));
    }
    std::vector<std::string> hear(const Event& event) { return said(dialect_.on_event(event)); }
    // `ms` of silence in one message.
    void push(int ms) {
        const auto digits = static_cast<std::size_t>(ms) * 16 * 4 / 3 * 4;
        send(R"({"type":"audio_chunk","data":")" + std::string(digits, 'A') + R"("})");
    }
    WhoasrVadLive dialect_;
};

TEST_F(VadSocket, TellsStartsAndEndsInMilliseconds) {
    EXPECT_THAT(send(R"({"type":"start_vad"})"), ElementsAre("begin", kStarted));
    EXPECT_THAT(hear(SpeechStarted{Millis(420)}), ElementsAre(result("420,-1")));
    EXPECT_THAT(hear(Final{speech(420, 1900), Final::Cause::endpoint}),
                ElementsAre(result("-1,1900")));
    EXPECT_THAT(send(R"({"type":"stop_vad"})"), ElementsAre("flush"));
    EXPECT_THAT(hear(Flushed{}), ElementsAre(kStopped));
}

TEST_F(VadSocket, AStopEndsSpeechWithAFinalResult) {
    send(R"({"type":"start_vad"})");
    hear(SpeechStarted{Millis(100)});
    send(R"({"type":"stop_vad"})");
    EXPECT_THAT(hear(Final{speech(100, 700), Final::Cause::flush}),
                ElementsAre(result("-1,700", true)));
    EXPECT_THAT(hear(Flushed{}), ElementsAre(kStopped));
}

TEST_F(VadSocket, TimesCountFromTheLastStart) {
    push(3000);
    send(R"({"type":"start_vad"})");
    EXPECT_THAT(hear(SpeechStarted{Millis(3500)}), ElementsAre(result("500,-1")));
    EXPECT_THAT(hear(Final{speech(3500, 4000), Final::Cause::endpoint}),
                ElementsAre(result("-1,1000")));
}

TEST_F(VadSocket, AStartBeforeTheStopIsAnsweredLosesNothing) {
    send(R"({"type":"start_vad"})");
    push(3000);
    hear(SpeechStarted{Millis(2000)});
    EXPECT_THAT(send(R"({"type":"stop_vad"})"), ElementsAre("flush"));
    EXPECT_THAT(send(R"({"type":"start_vad"})"), IsEmpty());
    EXPECT_THAT(hear(Final{speech(2000, 3000), Final::Cause::flush}),
                ElementsAre(result("-1,3000", true)));
    EXPECT_THAT(hear(Flushed{}), ElementsAre(kStopped, kStarted));
    EXPECT_THAT(hear(SpeechStarted{Millis(3200)}), ElementsAre(result("200,-1")));
}

TEST_F(VadSocket, SpeechCutForItsLengthIsOne) {
    send(R"({"type":"start_vad"})");
    hear(SpeechStarted{Millis(0)});
    EXPECT_THAT(hear(Final{speech(0, 30000), Final::Cause::length}), IsEmpty());
    EXPECT_THAT(hear(Final{speech(30000, 31000), Final::Cause::endpoint}),
                ElementsAre(result("-1,31000")));
}

TEST_F(VadSocket, AStartThatIsKnownBeforeTheEndBeforeItWaits) {
    hear(SpeechStarted{Millis(0)});
    EXPECT_THAT(hear(SpeechStarted{Millis(2000)}), IsEmpty());
    EXPECT_THAT(hear(SpeechStarted{Millis(3000)}), IsEmpty());
    EXPECT_THAT(hear(Final{speech(0, 1000), Final::Cause::endpoint}),
                ElementsAre(result("-1,1000"), result("2000,-1")));
    EXPECT_THAT(hear(Final{speech(2000, 2500), Final::Cause::endpoint}),
                ElementsAre(result("-1,2500"), result("3000,-1")));
    EXPECT_THAT(hear(Final{speech(3000, 3500), Final::Cause::endpoint}),
                ElementsAre(result("-1,3500")));
}

TEST_F(VadSocket, SpeechThatGoesOnAfterItsCutEndsBeforeTheNextThatIsKnown) {
    hear(SpeechStarted{Millis(0)});
    hear(Final{speech(0, 30000), Final::Cause::length});
    EXPECT_THAT(hear(SpeechStarted{Millis(40000)}), IsEmpty());
    EXPECT_THAT(hear(Final{speech(30000, 31000), Final::Cause::endpoint}),
                ElementsAre(result("-1,31000"), result("40000,-1")));
}

TEST_F(VadSocket, SpeechThatEndsWhereItWasCutIsToldWithTheNext) {
    send(R"({"type":"start_vad"})");
    hear(SpeechStarted{Millis(0)});
    hear(Final{speech(0, 30000), Final::Cause::length});
    EXPECT_THAT(hear(SpeechStarted{Millis(40000)}), IsEmpty());
    EXPECT_THAT(hear(Final{speech(40000, 70000), Final::Cause::length}),
                ElementsAre(result("-1,30000"), result("40000,-1")));
    send(R"({"type":"stop_vad"})");
    EXPECT_THAT(hear(Flushed{}), ElementsAre(result("-1,70000", true), kStopped));
}

TEST_F(VadSocket, SpeechThatGoesOnAfterAStopIsToldAtOnce) {
    hear(SpeechStarted{Millis(0)});
    send(R"({"type":"stop_vad"})");
    hear(Final{speech(0, 500), Final::Cause::flush});
    hear(Flushed{});
    EXPECT_THAT(hear(Final{speech(500, 900), Final::Cause::endpoint}),
                ElementsAre(result("500,900")));
    EXPECT_THAT(hear(Final{speech(900, 900), Final::Cause::finish}), IsEmpty());
}

TEST_F(VadSocket, AnswersPingAndIgnoresWhatItDoesNotKnow) {
    EXPECT_THAT(send(R"({"type":"ping"})"), ElementsAre(R"({"type":"pong"})"));
    EXPECT_THAT(send(R"({"type":"no such thing"})"), IsEmpty());
    EXPECT_THAT(send(R"({"data":"AAAA"})"), IsEmpty());
}

TEST_F(VadSocket, TakesAudioBeforeAStartAndPadsTheLastSample) {
    EXPECT_THAT(send(R"({"type":"audio_chunk","data":"AAAAAAA="})"), ElementsAre("audio 8"));
    EXPECT_THAT(send(R"({"type":"audio_chunk","data":""})"), IsEmpty());
}

TEST_F(VadSocket, WhatCannotBeReadIsAnErrorAndTheSocketGoesOn) {
    const auto error = [](const std::string& why) {
        return R"({"type":"error","message":"VAD processing error: )" + why + "\"}";
    };
    EXPECT_THAT(send("[]"), ElementsAre(error("a message must be one JSON object")));
    EXPECT_THAT(send(R"({"type":"audio_chunk"})"),
                ElementsAre(error("an audio_chunk needs a string 'data'")));
    EXPECT_THAT(send(R"({"type":"audio_chunk","data":"*"})"),
                ElementsAre(error("the audio of this chunk is not valid base64")));
    EXPECT_THAT(said(dialect_.on_message(MessageKind::binary, "AAAA")),
                ElementsAre(error("messages must be text, audio included")));
    EXPECT_THAT(send(R"({"type":"ping"})"), ElementsAre(R"({"type":"pong"})"));
}

TEST_F(VadSocket, AFailureEndsTheCycleAndAnIdleClientTheConnection) {
    send(R"({"type":"start_vad"})");
    send(R"({"type":"stop_vad"})");
    EXPECT_THAT(
        hear(Failed{Error(Errc::internal, "it broke")}),
        ElementsAre(R"({"type":"error","message":"VAD processing error: it broke"})", kStopped));
    EXPECT_THAT(hear(Failed{Error(Errc::client_idle, "idle")}).back(), "close 1011");
}

TEST_F(VadSocket, AFloodOfStopsEndsTheConnection) {
    for (int i = 0; i < 16; ++i) send(R"({"type":"stop_vad"})");
    EXPECT_EQ(send(R"({"type":"stop_vad"})").back(), "close 1008");
}

TEST(VadAnswer, SegmentsAreAFlatListAndNeighboursAreOne) {
    proto::Transcript transcript;
    transcript.utterances = {speech(250, 30250), speech(30250, 31000), speech(32000, 33000)};
    EXPECT_EQ(whoasr_vad_body(transcript, {.key = {}, .filename = "a.wav", .size = 44}),
              R"({"success":true,"message":"VAD detection completed successfully",)"
              R"("segments":[[250,31000],[32000,33000]],"file_name":"a.wav","file_size":44})");
}

TEST(VadAnswer, SilenceHasNoSegments) {
    const auto body = whoasr_vad_body({}, {.key = {}, .filename = "a.wav", .size = 44});
    EXPECT_THAT(body, testing::HasSubstr(R"("segments":[],)"));
}

TEST(VadAnswer, FailuresSayWhatFailed) {
    EXPECT_EQ(whoasr_vad_failure_body(Error(Errc::undecodable_audio, "no audio")),
              R"({"detail":"VAD processing failed: no audio"})");
}

TEST(VadAnswer, WithoutAModelItSaysHowToLoadOne) {
    using proto::ModelState;
    const auto told = [](std::string_view model, ModelState state) {
        const auto refusal = whoasr_vad_not_loaded(model, state);
        EXPECT_EQ(refusal.error.errc(), Errc::unavailable);
        return refusal.error.context;
    };
    EXPECT_EQ(told("", ModelState::unloaded),
              "VAD model not loaded. Serve one, as by: tutti serve --models en-us,silero");
    EXPECT_EQ(told("ears", ModelState::unloaded),
              "VAD model not loaded. 'ears' is served, but unloaded; on the server's machine: "
              R"(tutti ctl load ears, or POST /model/load {"model_type":"vad"})");
    EXPECT_EQ(told("ears", ModelState::loading),
              "VAD model not loaded. 'ears' is being loaded; try again soon");
}

}  // namespace
}  // namespace tutti::dialect
