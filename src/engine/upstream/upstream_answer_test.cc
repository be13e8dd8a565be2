// SPDX-License-Identifier: Apache-2.0
#include "engine/upstream/upstream_answer.h"

#include "engine/upstream/upstream_request.h"

#include <boost/json.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::engine {
namespace {

using proto::Millis;
using testing::HasSubstr;

constexpr Millis kLength{3000};

Result<Hypothesis> read(std::string body, int status = 200) {
    return read_answer({.words = true}, {status, std::move(body)}, kLength);
}
Result<Hypothesis> read_chat(std::string body) {
    return read_answer({.api = UpstreamApi::chat}, {200, std::move(body)}, kLength);
}

TEST(UpstreamAnswer, TakesTheTextAsItIs) {
    const auto heard = read(R"({"text":"  Guten Tag,\n Frau M\u00fcller! "})");
    ASSERT_TRUE(heard);
    EXPECT_EQ(heard->text, "Guten Tag, Frau M\xc3\xbcller!");
    EXPECT_TRUE(heard->words.empty());
    EXPECT_EQ(read(R"({"text":""})")->text, "");
}

TEST(UpstreamAnswer, TakesWordsWithTheirTimes) {
    const auto heard = read(R"({"text":"Hello, world.","words":[
        {"word":" Hello,","start":0.5,"end":0.9},
        {"word":"world.","start":1,"end":99,"probability":0.25}]})");
    ASSERT_TRUE(heard);
    const std::vector<proto::Word> words = {{"hello", Millis(500), Millis(900), 0.f},
                                            {"world", Millis(1000), kLength, 0.25f}};
    EXPECT_EQ(heard->words, words);
}

TEST(UpstreamAnswer, WordsThatMakeNoSenseAreLeftOut) {
    for (const char* words :
         {R"("x")", R"([7])", R"([{"word":"a","start":1}])", R"([{"word":"a","start":2,"end":1}])",
          R"([{"word":7,"start":1,"end":2}])", R"([{"word":"a","start":"1","end":2}])",
          R"([{"word":"a","start":2,"end":2},{"word":"b","start":1,"end":2}])"}) {
        const auto heard = read(std::string(R"({"text":"a b","words":)") + words + "}");
        ASSERT_TRUE(heard) << words;
        EXPECT_EQ(heard->text, "a b");
        EXPECT_TRUE(heard->words.empty()) << words;
    }
}

TEST(UpstreamAnswer, WordsBeyondAllMeasureAreLeftOut) {
    const auto word = R"({"word":")" + std::string(20'000, 'a') + R"(","start":1,"end":2})";
    EXPECT_EQ(read(R"({"text":"a","words":[)" + word + "]}")->words.size(), 1u);
    EXPECT_TRUE(read(R"({"text":"a","words":[)" + word + "," + word + "]}")->words.empty());
}

TEST(UpstreamAnswer, ChatTellsItInTheFirstChoice) {
    const auto heard = read_chat(R"({"choices":[{"message":{"content":"hello"}}]})");
    ASSERT_TRUE(heard);
    EXPECT_EQ(heard->text, "hello");
    for (const char* bad :
         {"{}", R"({"choices":[]})", R"({"choices":[{"message":{"content":null}}]})",
          R"({"choices":7})", R"({"choices":["x"]})", R"({"choices":[{"message":"x"}]})",
          R"({"text":"hello"})"})
        EXPECT_EQ(read_chat(bad).error().errc(), Errc::internal) << bad;
}

TEST(UpstreamAnswer, GarbageIsAFaultOfTheUpstreams) {
    for (const std::string bad :
         {"", "<html>", "[]", "7", R"({"text":7})", R"({"text":"a)", "{\"text\":\"\xff\"}"}) {
        const auto heard = read(bad);
        ASSERT_FALSE(heard) << bad;
        EXPECT_EQ(heard.error().errc(), Errc::internal);
        EXPECT_THAT(heard.error().context, HasSubstr("the answer of the upstream server"));
    }
    const auto endless = read(R"({"text":")" + std::string(100'000, 'a') + R"("})");
    EXPECT_THAT(endless.error().context, HasSubstr("too long"));
    EXPECT_FALSE(read(std::string(100'000, '[')));
}

TEST(UpstreamAnswer, StatusesSayWhoseFaultItIs) {
    const auto told = [](int status) {
        const auto error = read("sk-secret", status).error();
        return std::string(name_of(error.errc())) + ": " + error.context;
    };
    EXPECT_EQ(told(400), "internal: the upstream server refused our request (status 400)");
    EXPECT_EQ(told(404), "internal: the upstream server refused our request (status 404)");
    EXPECT_EQ(told(401), "internal: the upstream server refused our key (status 401)");
    EXPECT_EQ(told(403), "internal: the upstream server refused our key (status 403)");
    EXPECT_EQ(told(429), "busy: the upstream server is at capacity (status 429)");
    EXPECT_EQ(told(500), "unavailable: the upstream server failed (status 500)");
    EXPECT_EQ(told(503), "unavailable: the upstream server failed (status 503)");
    EXPECT_EQ(told(302),
              "internal: the upstream server redirects, which is not followed (status 302)");
}

TEST(UpstreamRequest, ATranscriptionIsAForm) {
    const UpstreamOptions options{.url = "http://h/",
                                  .remote_model = "whisper-1",
                                  .language = "de",
                                  .prompt = "Bach",
                                  .words = true};
    const std::vector<std::int16_t> samples(16000, 0x4142);
    const auto request = make_request(options, "sk-1", samples);
    EXPECT_THAT(request.headers, testing::Contains("Authorization: Bearer sk-1"));
    const auto type = request.headers.back();
    ASSERT_THAT(type, HasSubstr("Content-Type: multipart/form-data; boundary="));
    const auto boundary = type.substr(type.find('=') + 1);
    EXPECT_TRUE(request.body.starts_with("--" + boundary + "\r\n"));
    EXPECT_TRUE(request.body.ends_with("\r\n--" + boundary + "--\r\n"));
    for (const char* part :
         {"name=\"model\"\r\n\r\nwhisper-1\r\n", "name=\"response_format\"\r\n\r\nverbose_json\r\n",
          "name=\"timestamp_granularities[]\"\r\n\r\nword\r\n", "name=\"language\"\r\n\r\nde\r\n",
          "name=\"prompt\"\r\n\r\nBach\r\n",
          "filename=\"audio.wav\"\r\nContent-Type: audio/wav\r\n\r\nRIFF"})
        EXPECT_THAT(request.body, HasSubstr(part));
    EXPECT_THAT(request.body, HasSubstr(wav_of(samples)));
}

TEST(UpstreamRequest, AChatCarriesTheAudioInline) {
    const UpstreamOptions options{.api = UpstreamApi::chat,
                                  .remote_model = "audio-1",
                                  .prompt = "Say \"it\"",
                                  .max_tokens = 9};
    const std::vector<std::int16_t> samples(8000, 7);
    const auto request = make_request(options, "", samples);
    EXPECT_THAT(request.headers, testing::Not(testing::Contains(HasSubstr("Authorization"))));
    const auto body = boost::json::parse(request.body);
    EXPECT_EQ(body.at("model"), "audio-1");
    EXPECT_EQ(body.at("max_tokens"), 9);
    EXPECT_EQ(body.at("stream"), false);
    const auto& message = body.at("messages").as_array().at(0);
    EXPECT_EQ(message.at("role"), "user");
    const auto& parts = message.at("content").as_array();
    EXPECT_EQ(parts.at(0).at("type"), "input_audio");
    EXPECT_EQ(parts.at(0).at("input_audio").at("format"), "wav");
    EXPECT_EQ(parts.at(0).at("input_audio").at("data"),
              boost::json::string(encode_base64(wav_of(samples))));
    EXPECT_EQ(parts.at(1).at("text"), "Say \"it\"");
}

TEST(UpstreamRequest, AChatCarriesALinkAsTextOrAsAnObject) {
    UpstreamOptions options{.api = UpstreamApi::chat, .remote_model = "audio-1", .prompt = "Say"};
    const std::string link = "http://s3/audio/a.wav?X-Amz-Date=1&X=2";
    const auto part_of = [&] {
        const auto request = make_link_request(options, "sk-1", link);
        EXPECT_THAT(request.headers, testing::Contains("Authorization: Bearer sk-1"));
        const auto body = boost::json::parse(request.body);
        const auto& parts = body.at("messages").at(0).at("content").as_array();
        EXPECT_EQ(parts.size(), 2u);
        EXPECT_EQ(parts.at(0).at("type"), "audio_url");
        return parts.at(0).at("audio_url");
    };
    EXPECT_EQ(part_of(), boost::json::string(link));
    options.audio_url_is_object = true;
    EXPECT_EQ(part_of(), (boost::json::object{{"url", link}}));
}

TEST(UpstreamRequest, ATranscriptionCarriesALinkInstead) {
    const UpstreamOptions options{.remote_model = "whisper-1", .audio_url_field = "url"};
    const auto request = make_link_request(options, "", "http://s3/audio/a.wav?x=1");
    EXPECT_THAT(request.body, HasSubstr("name=\"url\"\r\n\r\nhttp://s3/audio/a.wav?x=1\r\n"));
    EXPECT_THAT(request.body, HasSubstr("name=\"model\"\r\n\r\nwhisper-1\r\n"));
    EXPECT_THAT(request.body, testing::Not(HasSubstr("filename")));
}

TEST(UpstreamRequest, AWavHasAHeaderOfFortyFourBytes) {
    const std::vector<std::int16_t> samples(16000, 1);
    const auto wav = wav_of(samples);
    EXPECT_EQ(wav.size(), 44u + 32000);
    EXPECT_EQ(wav.substr(0, 44),
              std::string("RIFF\x24\x7d\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x80\x3e\0\0\0\x7d\0\0"
                          "\x02\0\x10\0data\0\x7d\0\0",
                          44));
    EXPECT_EQ(wav_of(std::vector<std::int16_t>(1, 1)).size(), 44u + 6400);
}

TEST(UpstreamRequest, Base64IsThatOfTheStandard) {
    for (const auto& [bytes, text] :
         {std::pair{"", ""}, {"f", "Zg=="}, {"fo", "Zm8="}, {"foo", "Zm9v"}, {"foob", "Zm9vYg=="}})
        EXPECT_EQ(encode_base64(bytes), text);
    EXPECT_EQ(encode_base64("\xff\xfe\xfd"), "//79");
}

}  // namespace
}  // namespace tutti::engine
