// SPDX-License-Identifier: Apache-2.0
#include "dialect/deepgram_request.h"

#include "dialect/deepgram_json.h"
#include "dialect/test_support.h"

#include <gtest/gtest.h>

namespace tutti::dialect {
namespace {

Parsed<DeepgramRequest> live(std::string_view query) {
    return parse_deepgram_live(parse_query(query).value());
}
Parsed<DeepgramRequest> file(std::string_view query) {
    return parse_deepgram_file(parse_query(query).value());
}

TEST(DeepgramRequest, DefaultsAreTheServices) {
    const auto request = live("");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->live.model, "");
    EXPECT_EQ(request->live.format, std::nullopt);
    EXPECT_FALSE(request->live.wants_partials);
    EXPECT_EQ(request->live.endpoint_silence, std::nullopt);
    EXPECT_EQ(request->live.utterance_end, Millis(0));
    EXPECT_EQ(request->live.idle_limit, Millis(10000));
    EXPECT_TRUE(request->wants_speech_final);
    EXPECT_FALSE(request->formats_words);
    EXPECT_FALSE(request->wants_speech_started);
}

TEST(DeepgramRequest, ReadsEverythingALiveClientSends) {
    const auto request = live(
        "model=nova-3&language=en-US&encoding=mulaw&sample_rate=8000&channels=2&interim_results="
        "true"
        "&endpointing=300&utterance_end_ms=1000&vad_events=true&smart_format=true&keyterm=a&"
        "keyterm=b"
        "&no_delay=true&diarize=true&detect_language=true&mip_opt_out=true");
    ASSERT_TRUE(request) << request.error().error.message();
    EXPECT_EQ(request->live.model, "nova-3");
    EXPECT_EQ(request->live.language, "en-US");
    EXPECT_EQ(request->live.format, (audio::AudioFormat{audio::Encoding::mulaw, 8000, 2}));
    EXPECT_TRUE(request->live.wants_partials);
    EXPECT_EQ(request->live.endpoint_silence, Millis(300));
    EXPECT_EQ(request->live.utterance_end, Millis(1000));
    EXPECT_TRUE(request->wants_speech_started);
    EXPECT_TRUE(request->formats_words);
    EXPECT_EQ(request->live.hotwords, (std::vector<std::string>{"a", "b"}));
}

TEST(DeepgramRequest, EndpointingIsANumberOrABool) {
    EXPECT_EQ(live("endpointing=true")->live.endpoint_silence, std::nullopt);
    EXPECT_TRUE(live("endpointing=true")->wants_speech_final);
    EXPECT_FALSE(live("endpointing=false")->wants_speech_final);
    EXPECT_EQ(live("endpointing=0")->live.endpoint_silence, Millis(0));
}

TEST(DeepgramRequest, ContainersAreDetectedWhateverTheirName) {
    for (const auto name : {"", "opus", "ogg-opus", "flac", "webm", "mp3"}) {
        const auto request = live(std::string("sample_rate=1&channels=99&encoding=") + name);
        ASSERT_TRUE(request) << name;
        EXPECT_EQ(request->live.format, std::nullopt);
    }
}

TEST(DeepgramRequest, JsonEncodedValuesAreUnderstood) {
    const auto request = live("model=%22nova-3%22&interim_results=%22true%22");
    ASSERT_TRUE(request);
    EXPECT_EQ(request->live.model, "nova-3");
    EXPECT_TRUE(request->live.wants_partials);
    EXPECT_EQ(live("model=%22%5Cud800%22")->live.model, R"("\ud800")");
}

TEST(DeepgramRequest, RefusalsNameTheParameter) {
    const std::pair<std::string_view, std::string_view> refused[] = {
        {"encoding=linear16", "sample_rate"},
        {"encoding=linear16&sample_rate=7999", "sample_rate"},
        {"encoding=linear16&sample_rate=48001", "sample_rate"},
        {"encoding=linear16&sample_rate=16k", "sample_rate"},
        {"encoding=linear16&sample_rate=16000&channels=0", "channels"},
        {"encoding=linear16&sample_rate=16000&channels=9", "channels"},
        {"encoding=linear16&sample_rate=16000&channels=2&multichannel=true", "multichannel"},
        {"encoding=linear32&sample_rate=16000", "encoding"},
        {"encoding=amr-nb", "encoding"},
        {"encoding=speex", "encoding"},
        {"encoding=g729", "encoding"},
        {"encoding=nonsense", "encoding"},
        {"endpointing=soon", "endpointing"},
        {"endpointing=-1", "endpointing"},
        {"utterance_end_ms=1000", "utterance_end_ms"},
        {"utterance_end_ms=999&interim_results=true", "utterance_end_ms"},
        {"utterance_end_ms=5001&interim_results=true", "utterance_end_ms"},
        {"interim_results=yes", "interim_results"},
        {"vad_events=2", "vad_events"},
        {"punctuate=maybe", "punctuate"},
        {"callback=http://x", "callback"},
        {"model=a%20b", "model"},
        {"language=e_n", "language"},
    };
    for (const auto& [query, param] : refused) {
        const auto request = live(query);
        ASSERT_FALSE(request) << query;
        EXPECT_EQ(request.error().param, param) << query;
        EXPECT_EQ(request.error().error.errc(), Errc::bad_parameter) << query;
        EXPECT_TRUE(request.error().error.message().starts_with(param)) << query;
    }
}

TEST(DeepgramRequest, OneChannelMayBeCalledMultichannel) {
    EXPECT_TRUE(live("encoding=linear16&sample_rate=16000&multichannel=true"));
    EXPECT_FALSE(file("multichannel=true"));
    EXPECT_TRUE(file("multichannel=false"));
}

TEST(DeepgramRequest, AnyLanguageMeansTheModelsOwn) {
    EXPECT_EQ(live("language=multi")->live.language, "");
}

TEST(DeepgramRequest, ReadsWhatAFileClientWants) {
    EXPECT_FALSE(file("diarize=false")->wants_speakers);
    EXPECT_TRUE(file("diarize=true")->wants_speakers);
    EXPECT_TRUE(file("diarize_model=latest")->wants_speakers);
    EXPECT_FALSE(file("diarize=maybe"));
    const auto request = file("utterances=true&paragraphs=true&punctuate=true&tag=a&tag=b");
    ASSERT_TRUE(request);
    EXPECT_TRUE(request->wants_utterances);
    EXPECT_TRUE(request->wants_paragraphs);
    EXPECT_EQ(request->tags, (std::vector<std::string>{"a", "b"}));
    EXPECT_TRUE(file("smart_format=true")->wants_paragraphs);
    EXPECT_FALSE(file("smart_format=true&paragraphs=false")->wants_paragraphs);
    EXPECT_FALSE(file("utterances=x"));
}

TEST(DeepgramRequest, UrlsAreRefusedClearly) {
    EXPECT_TRUE(announces_deepgram_url("application/json; charset=utf-8"));
    EXPECT_FALSE(announces_deepgram_url("audio/wav"));
    EXPECT_NE(
        refuse_deepgram_url(R"({"url":"http://x/a.wav"})").error.message().find("not enabled"),
        std::string::npos);
    for (const auto& body : test::hostile_json())
        EXPECT_EQ(refuse_deepgram_url(body).error.errc(), Errc::bad_request);
}

TEST(DeepgramRequest, ErrorBodiesHaveDeepgramsThreeKeys) {
    const auto body = test::parsed(deepgram_error_body(live("encoding=linear16").error(), "id-1"));
    EXPECT_EQ(body.at("err_code"), "INVALID_QUERY_PARAMETER");
    EXPECT_EQ(body.at("err_msg"), "sample_rate: is required with encoding=linear16");
    EXPECT_EQ(body.at("request_id"), "id-1");
    EXPECT_EQ(body.as_object().size(), 3u);
}

HttpRequest request_with(std::string_view authorization,
                         std::vector<std::string_view> subprotocols = {}) {
    HttpRequest request;
    request.header = [authorization](std::string_view name) {
        return name == "Authorization" ? authorization : std::string_view();
    };
    request.subprotocols = std::move(subprotocols);
    return request;
}

TEST(DeepgramCredential, ComesFromTheHeaderInAnyCase) {
    for (const auto* header : {"Token k1", "token k1", "Bearer k1", "bearer  k1 "}) {
        const auto credential = find_deepgram_credential(request_with(header));
        ASSERT_TRUE(credential) << header;
        EXPECT_EQ(credential->secret, "k1");
        EXPECT_EQ(credential->subprotocol, "");
    }
    EXPECT_FALSE(find_deepgram_credential(request_with("")));
    EXPECT_FALSE(find_deepgram_credential(request_with("Basic k1")));
    EXPECT_FALSE(find_deepgram_credential(request_with("Token")));
}

TEST(DeepgramCredential, ComesFromSubprotocolPairs) {
    const auto credential = find_deepgram_credential(
        request_with("", {"x-deepgram-session-id", "token", "Token", "k2"}));
    ASSERT_TRUE(credential);
    EXPECT_EQ(credential->secret, "k2");
    EXPECT_EQ(credential->subprotocol, "Token");
    EXPECT_FALSE(find_deepgram_credential(request_with("", {"token"})));
    EXPECT_FALSE(find_deepgram_credential(request_with("", {"other", "x"})));
}

TEST(DeepgramResume, ComesInAHeaderOrASubprotocolPair) {
    HttpRequest request;
    request.header = [](std::string_view name) {
        return name == "Tutti-Resume-Token" ? " t1 " : std::string_view();
    };
    EXPECT_EQ(find_resume_token(request), "t1");
    EXPECT_EQ(deepgram_subprotocol(request), "");
    const auto pairs = request_with("", {"token", "k2", "tutti.resume", "t2"});
    EXPECT_EQ(find_resume_token(pairs), "t2");
    EXPECT_EQ(deepgram_subprotocol(pairs), "token");
    EXPECT_EQ(find_deepgram_credential(pairs)->secret, "k2");
    EXPECT_EQ(deepgram_subprotocol(request_with("", {"tutti.resume", "t2"})), "tutti.resume");
    EXPECT_FALSE(find_resume_token(request_with("", {"tutti.resume"})));
    EXPECT_FALSE(find_resume_token(request_with("Token k1", {"token", "k2"})));
}

TEST(DeepgramResume, OptionsAreTheQueryInAnyOrder) {
    const auto options = [](std::string_view query) {
        return parse_deepgram_live(parse_query(query).value()).value().options;
    };
    const auto one = options("encoding=linear16&sample_rate=8000&keyterm=a&keyterm=b");
    EXPECT_EQ(one, options("keyterm=b&sample_rate=8000&encoding=linear16&keyterm=a"));
    EXPECT_NE(one, options("encoding=linear16&sample_rate=8000&keyterm=a"));
    EXPECT_NE(options("keyterm=a%3Db"), options("keyterm%3Da=b"));
    EXPECT_NE(options("tag=a&tag=b"), options("tag=a3%20tag%3Db"));
}

TEST(DeepgramResume, NeedsRawAudio) {
    const auto parsed = [](std::string_view query) {
        return parse_deepgram_live(parse_query(query).value());
    };
    EXPECT_TRUE(parsed("resume=true&encoding=mulaw&sample_rate=8000")->live.wants_resume_points);
    EXPECT_FALSE(parsed("encoding=mulaw&sample_rate=8000")->live.wants_resume_points);
    EXPECT_EQ(parsed("resume=true").error().param, "resume");
    EXPECT_EQ(parsed("resume=true&encoding=opus").error().param, "resume");
    EXPECT_EQ(parsed("resume=perhaps").error().param, "resume");
}

}  // namespace
}  // namespace tutti::dialect
