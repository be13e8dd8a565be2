// SPDX-License-Identifier: Apache-2.0
#include "dialect/detail_body.h"
#include "dialect/test_support.h"
#include "dialect/whoasr_http.h"
#include "dialect/whoasr_live.h"

#include <gtest/gtest.h>

namespace tutti::dialect {
namespace {

using test::utterance;

const std::string kStarted = R"({"type":"status","message":"Recording started"})";
const std::string kStopped = R"({"type":"status","message":"Recording stopped"})";

// Commands as one line each.
std::string told(const std::vector<Command>& commands) {
    std::string out;
    for (const auto& command : commands) {
        if (const auto* send = std::get_if<SendText>(&command)) out += send->text;
        if (const auto* audio = std::get_if<PushOwnedAudio>(&command))
            out += "audio " + std::to_string(audio->bytes.size());
        if (std::holds_alternative<PushAudio>(command)) out += "view";
        if (std::holds_alternative<Begin>(command)) out += "begin";
        if (std::holds_alternative<Flush>(command)) out += "flush";
        if (std::holds_alternative<Finish>(command)) out += "finish";
        if (const auto* close = std::get_if<Close>(&command))
            out += "close " + std::to_string(close->code);
        out += '\n';
    }
    return out;
}

struct Client {
    WhoasrLive dialect;
    std::string start() { return says(R"({"type":"start_recording"})"); }
    std::string stop() { return says(R"({"type":"stop_recording"})"); }
    std::string chunk(std::string_view data) {
        return says(R"({"type":"audio_chunk","data":")" + std::string(data) + "\"}");
    }
    std::string says(std::string_view text) {
        return told(dialect.on_message(MessageKind::text, text));
    }
    std::string hears(const Event& event) { return told(dialect.on_event(event)); }
    std::string hears(std::string_view text, Final::Cause cause) {
        return hears(Final{utterance(text, Millis(500)), cause});
    }
};

std::string result(std::string_view text, bool is_final) {
    return R"({"type":"recognition_result","text":")" + std::string(text) + R"(","is_final":)" +
           (is_final ? "true" : "false") + "}\n";
}

TEST(WhoasrLive, ACycleRunsFromStartToStop) {
    Client client;
    EXPECT_EQ(client.dialect.settings().format,
              (audio::AudioFormat{audio::Encoding::float32, 16000, 1}));
    EXPECT_EQ(client.chunk("AAAAAA=="), "");
    for (int cycle = 0; cycle < 2; ++cycle) {
        EXPECT_EQ(client.start(), "begin\n" + kStarted + "\n");
        EXPECT_EQ(client.chunk("AAAAAAAAAAA="), "audio 8\n");
        EXPECT_EQ(client.hears(Partial{utterance("good", Millis(500)), Millis(900)}), "");
        EXPECT_EQ(client.hears("good day", Final::Cause::endpoint), result("good day", false));
        EXPECT_EQ(client.hears("  ", Final::Cause::endpoint), "");
        EXPECT_EQ(client.hears("to you", Final::Cause::length), result(" to you", false));
        EXPECT_EQ(client.stop(), "flush\n");
        EXPECT_EQ(client.chunk("AAAAAA=="), "");
        EXPECT_EQ(client.hears("all", Final::Cause::flush), result(" all", true));
        EXPECT_EQ(client.hears(Flushed{}), kStopped + "\n");
    }
}

TEST(WhoasrLive, StopWithoutACycleIsOnlyConfirmed) {
    Client client;
    EXPECT_EQ(client.stop(), kStopped + "\n");
}

TEST(WhoasrLive, AStartBeforeTheStopIsAnsweredLosesNothing) {
    Client client;
    client.start();
    EXPECT_EQ(client.stop(), "flush\n");
    EXPECT_EQ(client.start(), "");
    EXPECT_EQ(client.chunk("AAAAAA=="), "audio 4\n");
    EXPECT_EQ(client.hears("one", Final::Cause::flush), result("one", true));
    EXPECT_EQ(client.hears(Flushed{}), kStopped + "\n" + kStarted + "\n");
    EXPECT_EQ(client.hears("two", Final::Cause::endpoint), result("two", false));
    EXPECT_EQ(client.stop(), "flush\n");
    EXPECT_EQ(client.hears(Flushed{}), kStopped + "\n");
}

TEST(WhoasrLive, AFloodOfStopsIsCutOff) {
    Client client;
    client.start();
    std::string last;
    for (int i = 0; i < 20; ++i) last = client.stop();
    EXPECT_NE(last.find("close 1008"), std::string::npos);
}

TEST(WhoasrLive, ChunksArePaddedToWholeSamples) {
    Client client;
    client.start();
    EXPECT_EQ(client.chunk("AAAAAAA="), "audio 8\n");
    EXPECT_EQ(client.chunk(""), "");
}

TEST(WhoasrLive, BadMessagesAreAnsweredAndChangeNothing) {
    Client client;
    client.start();
    const auto begins = [](const std::string& told_text, std::string_view message) {
        return told_text.starts_with(R"({"type":"error","message":")" + std::string(message));
    };
    EXPECT_TRUE(begins(client.chunk("%%%"), "Processing error: "));
    EXPECT_TRUE(begins(client.says("{"), "Connection error: "));
    EXPECT_TRUE(begins(client.says("[1]"), "Connection error: "));
    EXPECT_TRUE(begins(client.says("{}"), "Connection error: "));
    EXPECT_TRUE(begins(client.says(R"({"type":"audio_chunk"})"), "Connection error: "));
    EXPECT_TRUE(begins(client.says(R"({"type":"audio_chunk","data":7})"), "Connection error: "));
    EXPECT_TRUE(begins(client.says(R"({"type":"ping"})"), "Unknown message type: ping\""));
    EXPECT_TRUE(
        begins(told(client.dialect.on_message(MessageKind::binary, "x")), "Connection error: "));
    EXPECT_EQ(client.chunk("AAAAAA=="), "audio 4\n");
}

TEST(WhoasrLive, HostileMessagesAreAnsweredWithOneError) {
    std::mt19937 random(10);
    Client client;
    client.start();
    for (const auto& text : test::hostile_json()) {
        const auto answer = client.says(text);
        EXPECT_TRUE(answer.starts_with(R"({"type":"error")")) << answer;
        EXPECT_LT(answer.size(), 400u);
    }
    for (int i = 0; i < 20000; ++i) {
        client.says("{\"type\":\"" + test::random_bytes(random, 10));
        client.chunk(test::random_bytes(random, 12));
    }
    EXPECT_EQ(client.chunk("AAAAAA=="), "audio 4\n");
}

TEST(WhoasrLive, AFailureEndsTheCycleButNotTheConnection) {
    Client client;
    client.start();
    client.stop();
    const auto answer = client.hears(Failed{{Errc::unavailable, "no engine"}});
    EXPECT_EQ(answer, R"({"type":"error","message":"Streaming ASR model not loaded: no engine"})"
                      "\n" +
                          kStopped + "\n");
    EXPECT_EQ(client.stop(), kStopped + "\n");
    EXPECT_EQ(client.start(), "begin\n" + kStarted + "\n");
    EXPECT_TRUE(client.hears(Failed{{Errc::internal, "x"}}).find("Processing error: x") !=
                std::string::npos);
    EXPECT_EQ(client.chunk("AAAAAA=="), "");
}

TEST(WhoasrLive, IdlenessAndShutdownClose) {
    Client client;
    EXPECT_NE(client.hears(Failed{{Errc::client_idle, ""}}).find("close 1011"), std::string::npos);
    EXPECT_NE(client.hears(Failed{{Errc::canceled, ""}}).find("close 1012"), std::string::npos);
}

TEST(WhoasrForm, ChecksFileAndNumbers) {
    EXPECT_FALSE(check_whoasr_form({}, "a.WAV"));
    EXPECT_FALSE(
        check_whoasr_form(test::fields({{"hotword", ""}, {"batch_size_s", ""}}), "a.b.Mp3"));
    EXPECT_FALSE(check_whoasr_form(test::fields({{"batch_size_s", "20"}}), "x.flac"));
    const auto missing = check_whoasr_form({}, std::nullopt);
    ASSERT_TRUE(missing);
    EXPECT_EQ(missing->error.errc(), Errc::bad_parameter);
    EXPECT_EQ(missing->param, "file");
    for (const auto* name : {"a.txt", "", "wav", "a.mpeg", "a.wav.exe"}) {
        const auto refused = check_whoasr_form({}, name);
        ASSERT_TRUE(refused) << name;
        EXPECT_EQ(refused->error.errc(), Errc::bad_request);
        EXPECT_TRUE(test::parsed(detail_body(*refused)).at("detail").is_string());
    }
    const auto number =
        check_whoasr_form(test::fields({{"batch_size_threshold_s", "abc"}}), "a.wav");
    ASSERT_TRUE(number);
    const auto body = test::parsed(detail_body(*number));
    EXPECT_EQ(body.at("detail").at(0).at("loc").at(1), "batch_size_threshold_s");
    EXPECT_EQ(body.at("detail").at(0).at("input"), "abc");
}

TEST(WhoasrBody, HasUpstreamsKeysInOrder) {
    proto::Transcript transcript;
    transcript.utterances = {utterance("good day", Millis(120))};
    EXPECT_EQ(whoasr_body(transcript, transcript.utterances, {"k1", "a\xff.wav", 64044}),
              R"({"success":true,"results":[{"key":"k1","text":"good day","timestamp":[[120,320],)"
              R"([420,620]],"sentence_info":[{"text":"good day","start":120,"end":620,)"
              R"("timestamp":[[120,320],[420,620]]}]}],)"
              R"("message":"Recognition completed successfully","file_name":"a)"
              "\xef\xbf\xbd"
              R"(.wav","file_size":64044})");
}

TEST(WhoasrBody, ASpeakerIsToldWhenItIsKnown) {
    proto::Transcript transcript;
    transcript.utterances = {utterance("good day", Millis(120))};
    transcript.utterances[0].speaker = 2;
    const auto body =
        test::parsed(whoasr_body(transcript, transcript.utterances, {"k1", "a.wav", 1}));
    EXPECT_EQ(body.at("results").at(0).at("sentence_info").at(0).at("spk"), 2);
}

TEST(WhoasrBody, TheTextIsNotMadeOfItsSentences) {
    proto::Transcript transcript;
    transcript.utterances = {utterance("今天，好。", Millis(120))};
    const std::vector sentences = {utterance("今天，", Millis(120)),
                                   utterance("好。", Millis(420))};
    const auto body = test::parsed(whoasr_body(transcript, sentences, {"k1", "a.wav", 1}));
    const auto& result = body.at("results").at(0);
    EXPECT_EQ(result.at("text"), "今天，好。");
    EXPECT_EQ(result.at("sentence_info").at(1).at("text"), "好。");
    EXPECT_EQ(result.at("timestamp").as_array().size(), 2u);
}

TEST(WhoasrBody, SilenceHasNoSentences) {
    const auto body = test::parsed(whoasr_body({}, {}, {"k1", "a.wav", 1}));
    EXPECT_EQ(body.at("results").at(0), test::parsed(R"({"key":"k1","text":"","timestamp":[]})"));
}

TEST(WhoasrBody, FailuresSayWhatFailed) {
    EXPECT_EQ(whoasr_failure_body({Errc::undecodable_audio, "no audio"}),
              R"({"detail":"Failed to recognize audio: no audio"})");
}

TEST(WhoasrHealth, HasAllServicesAndUnknownsByName) {
    WhoasrHealth health;
    health.models[0].is_loaded = true;
    health.memory_total_gb = 15.678;
    const auto body = test::parsed(whoasr_health_body(health));
    EXPECT_EQ(body.at("status"), "healthy");
    EXPECT_EQ(body.at("timestamp"), "1970-01-01T00:00:00.000000Z");
    EXPECT_EQ(body.at("total_loaded"), 1);
    for (const auto* type : {"streaming_asr", "offline_asr", "punctuation", "vad", "timestamp"}) {
        const auto& service = body.at("services").at(type).as_object();
        EXPECT_EQ(service.size(), 6u);
        EXPECT_EQ(service.at("loaded").as_bool(), std::string_view(type) == "streaming_asr");
        EXPECT_FALSE(service.at("supported_formats").as_array().empty());
    }
    EXPECT_EQ(body.at("system").at("memory_total_gb"), 15.68);
    EXPECT_EQ(body.at("system").at("cpu_usage_percent"), "unknown");
    EXPECT_EQ(body.at("api_info").at("version"), "1.0.0");
}

}  // namespace
}  // namespace tutti::dialect
