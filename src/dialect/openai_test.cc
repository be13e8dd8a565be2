// SPDX-License-Identifier: Apache-2.0
#include "dialect/openai_body.h"
#include "dialect/openai_request.h"
#include "dialect/test_support.h"

#include <gtest/gtest.h>

namespace tutti::dialect {
namespace {

using test::fields;
using Items = std::vector<std::pair<std::string, std::string>>;

Parsed<OpenAiRequest> parse(const Items& items) {
    Fields form;
    form.add("model", "whisper-1");
    for (const auto& [name, value] : items) form.add(name, value);
    return parse_openai_transcription(form, FilePart::present);
}

TEST(OpenAiRequest, DefaultsAreOpenAis) {
    const auto request = parse({});
    ASSERT_TRUE(request);
    EXPECT_EQ(request->model, "whisper-1");
    EXPECT_EQ(request->format, OpenAiFormat::json);
    EXPECT_TRUE(request->wants_segments);
    EXPECT_FALSE(request->wants_words);
    EXPECT_FALSE(request->wants_stream);
}

TEST(OpenAiRequest, FileAndModelAreRequired) {
    const auto no_file = parse_openai_transcription(fields({{"model", "m"}}), FilePart::missing);
    ASSERT_FALSE(no_file);
    EXPECT_EQ(no_file.error().param, "file");
    const auto no_model = parse_openai_transcription(fields({{"model", ""}}), FilePart::present);
    ASSERT_FALSE(no_model);
    EXPECT_EQ(no_model.error().param, "model");
    EXPECT_EQ(no_model.error().error.errc(), Errc::bad_parameter);
}

TEST(OpenAiRequest, GranularitiesChooseWordsAndSegments) {
    for (const auto* name : {"timestamp_granularities", "timestamp_granularities[]"}) {
        const auto words = parse({{name, "word"}});
        EXPECT_TRUE(words->wants_words);
        EXPECT_FALSE(words->wants_segments);
        const auto both = parse({{name, "word"}, {name, "segment"}});
        EXPECT_TRUE(both->wants_words);
        EXPECT_TRUE(both->wants_segments);
    }
}

TEST(OpenAiRequest, AcceptsTheFormsClientsSend) {
    for (const auto& items :
         {Items{{"chunking_strategy", "auto"}},
          Items{{"chunking_strategy", R"({"type":"server_vad","threshold":0.5})"}},
          Items{{"chunking_strategy[type]", "server_vad"}, {"chunking_strategy[threshold]", "0.5"}},
          Items{{"stream", "null"}}, Items{{"stream", "False"}}, Items{{"include[]", "logprobs"}},
          Items{{"temperature", "0.2"}, {"prompt", "names"}}, Items{{"temperature", "1"}},
          Items{{"languages[]", "en"}, {"keywords[]", "x"}, {"unknown", "y"}}})
        EXPECT_TRUE(parse(items)) << items[0].first << "=" << items[0].second;
    EXPECT_TRUE(parse({{"stream", "true"}})->wants_stream);
    EXPECT_TRUE(parse({{"include[]", "progress"}})->wants_progress);
    EXPECT_EQ(parse({{"language", "de"}})->language, "de");
    EXPECT_EQ(parse({{"temperature", "0.25"}})->temperature, 0.25);
    EXPECT_EQ(parse({{"keywords[]", "x"}, {"prompt", "names"}})->hotwords,
              (std::vector<std::string>{"x", "names"}));
}

TEST(OpenAiRequest, RefusalsNameTheParameter) {
    const std::pair<std::string, std::string> refused[] = {
        {"response_format", "xml"},
        {"temperature", "1.1"},
        {"temperature", "-0.1"},
        {"temperature", "nan"},
        {"temperature", "warm"},
        {"temperature", "0.5x"},
        {"timestamp_granularities", "letter"},
        {"stream", "yes"},
        {"chunking_strategy", "manual"},
        {"chunking_strategy", "{\"type\":1}"},
        {"include", "everything"},
        {"language", "e n"},
        {"model", "a b"},
    };
    for (const auto& [name, value] : refused) {
        const auto request = parse({{name, value}});
        ASSERT_FALSE(request) << name << "=" << value;
        EXPECT_EQ(request.error().param, name);
        EXPECT_EQ(request.error().value, value);
    }
    EXPECT_EQ(parse({{"chunking_strategy[type]", "x"}}).error().param, "chunking_strategy");
    for (const auto& text : test::hostile_json()) {
        const bool is_unset = text.empty() || text == "null";
        EXPECT_EQ(parse({{"chunking_strategy", text}}).has_value(), is_unset) << text.substr(0, 40);
    }
}

RenderedBody rendered(const Items& items) {
    return openai_body(test::transcript(), parse(items).value());
}

TEST(OpenAiBody, EveryFormatHasItsTypeAndText) {
    EXPECT_EQ(rendered({}).text,
              R"({"text":"good day to you all","usage":{"type":"duration","seconds":5.25}})");
    EXPECT_EQ(rendered({}).content_type, "application/json");
    EXPECT_EQ(rendered({{"response_format", "text"}}).text, "good day to you all");
    EXPECT_TRUE(rendered({{"response_format", "srt"}}).text.starts_with("1\n00:00:00,100"));
    EXPECT_TRUE(rendered({{"response_format", "vtt"}}).text.starts_with("WEBVTT\n\n"));
    for (const auto* format : {"text", "srt", "vtt"})
        EXPECT_EQ(rendered({{"response_format", format}}).content_type,
                  "text/plain; charset=utf-8");
}

proto::Transcript conversation() {
    auto transcript = test::transcript();
    transcript.utterances[0].speaker = 0;
    transcript.utterances[1].speaker = 27;
    return transcript;
}

TEST(OpenAiBody, DiarizedSegmentsHaveTheirSpeakers) {
    const auto request = parse({{"response_format", "diarized_json"}}).value();
    const auto rendered_body = openai_body(conversation(), request);
    EXPECT_EQ(rendered_body.content_type, "application/json");
    const auto body = test::parsed(rendered_body.text);
    EXPECT_EQ(body.at("task"), "transcribe");
    EXPECT_EQ(body.at("duration"), 5.25);
    EXPECT_EQ(body.at("text"), "good day to you all");
    ASSERT_EQ(body.at("segments").as_array().size(), 2u);
    EXPECT_EQ(
        body.at("segments").at(0),
        test::parsed(R"({"type":"transcript.text.segment","id":"seg_0","start":0.0,"end":0.7,)"
                     R"("text":"good day","speaker":"A"})"));
    EXPECT_EQ(body.at("segments").at(1).at("speaker"), "AB") << "after Z comes AA";
}

TEST(OpenAiStream, SpeakersComeBeforeTheEnd) {
    const auto request = parse({{"response_format", "diarized_json"}, {"stream", "true"}}).value();
    OpenAiStream events;
    const auto transcript = conversation();
    for (const auto& utterance : transcript.utterances) events.on_utterance(utterance);
    const auto last = events.finish(transcript, request);
    const auto segment = last.find("\"type\":\"transcript.text.segment\"");
    ASSERT_NE(segment, last.npos);
    EXPECT_NE(last.find("\"speaker\":\"AB\"", segment), last.npos);
    EXPECT_GT(last.find("transcript.text.done"), segment);
}

TEST(OpenAiBody, VerboseSegmentsHaveAllTenKeys) {
    const auto body = test::parsed(rendered({{"response_format", "verbose_json"}}).text);
    EXPECT_EQ(body.at("task"), "transcribe");
    EXPECT_EQ(body.at("language"), "english");
    EXPECT_EQ(body.at("duration"), 5.25);
    EXPECT_EQ(body.at("usage").at("seconds"), 5.25);
    EXPECT_FALSE(body.as_object().contains("words"));
    const auto& segments = body.at("segments").as_array();
    ASSERT_EQ(segments.size(), 2u);
    for (const auto* key : {"id", "seek", "start", "end", "text", "tokens", "temperature",
                            "avg_logprob", "compression_ratio", "no_speech_prob"})
        EXPECT_TRUE(segments[1].as_object().contains(key)) << key;
    EXPECT_EQ(segments[1].at("id"), 1);
    EXPECT_EQ(segments[1].at("seek"), 390);
    EXPECT_EQ(segments[1].at("start"), 3.9);
    EXPECT_EQ(segments[1].at("text"), "to you all");
    EXPECT_EQ(segments[1].at("avg_logprob"), -0.1054);
}

TEST(OpenAiBody, GranularityDecidesWhatIsThere) {
    const auto words = test::parsed(
        rendered({{"response_format", "verbose_json"}, {"timestamp_granularities[]", "word"}})
            .text);
    EXPECT_FALSE(words.as_object().contains("segments"));
    ASSERT_EQ(words.at("words").as_array().size(), 5u);
    EXPECT_EQ(words.at("words").at(2), test::parsed(R"({"word":"to","start":4.0,"end":4.2})"));
}

TEST(OpenAiBody, ModelsAreListedAndShown) {
    EXPECT_EQ(openai_models_body({{.id = "en-us",
                                   .created = 1700000000,
                                   .owned_by = "tutti",
                                   .kind = "asr-streaming",
                                   .state = "ready",
                                   .languages = {"en"},
                                   .aliases = {}}}),
              R"({"object":"list","data":[{"id":"en-us","object":"model","created":1700000000,)"
              R"("owned_by":"tutti","kind":"asr-streaming","state":"ready","languages":["en"],)"
              R"("aliases":[]}]})");
    EXPECT_EQ(openai_models_body({}), R"({"object":"list","data":[]})");
    EXPECT_EQ(test::parsed(openai_model_body({"m", 1, "o"})).at("id"), "m");
}

TEST(OpenAiBody, ErrorsHaveFourKeysAlways) {
    EXPECT_EQ(
        openai_error_body({{Errc::unknown_model, "no model 'x'"}, "model", "x"}),
        R"({"error":{"message":"no model 'x'","type":"invalid_request_error","param":"model",)"
        R"("code":"model_not_found"}})");
    const auto busy = test::parsed(openai_error_body({{Errc::busy, "full"}, {}, {}})).at("error");
    EXPECT_EQ(busy.at("type"), "server_error");
    EXPECT_EQ(busy.at("code"), "busy");
    EXPECT_TRUE(busy.at("param").is_null());
    EXPECT_EQ(busy.as_object().size(), 4u);
    const auto missing = parse_openai_transcription({}, FilePart::missing).error();
    EXPECT_EQ(test::parsed(openai_error_body(missing)).at("error").at("code"),
              "missing_required_parameter");
}

// The JSON of an event, checking its frame.
boost::json::value data_of(std::string_view event) {
    EXPECT_TRUE(event.starts_with("data: "));
    EXPECT_TRUE(event.ends_with("\n\n"));
    const auto text = event.substr(6, event.size() - 8);
    EXPECT_EQ(text.find('\n'), std::string_view::npos);
    return test::parsed(text);
}

TEST(OpenAiStream, DeltasAddUpToTheText) {
    OpenAiStream stream;
    std::string sum;
    for (const auto* text : {"good day", "", "to \"you\"", "all"}) {
        const auto event = stream.on_utterance(test::utterance(text, Millis(500)));
        EXPECT_EQ(event.empty(), *text == '\0');
        if (event.empty()) continue;
        EXPECT_EQ(data_of(event).at("type"), "transcript.text.delta");
        sum += data_of(event).at("delta").as_string();
    }
    const auto done = data_of(stream.finish({}, {}));
    EXPECT_EQ(done.at("type"), "transcript.text.done");
    EXPECT_EQ(done.at("text").as_string(), sum);
    EXPECT_EQ(sum, "good day to \"you\" all");
}

TEST(OpenAiStream, SilenceStillHasOneDelta) {
    OpenAiStream stream;
    EXPECT_EQ(stream.finish({}, {}),
              "data: {\"type\":\"transcript.text.delta\",\"delta\":\"\"}\n\n"
              "data: {\"type\":\"transcript.text.done\",\"text\":\"\"}\n\n");
}

TEST(OpenAiStream, TheLastEventCarriesWordsAndSegmentsWhenTheyWereAskedFor) {
    proto::Transcript transcript;
    transcript.utterances = {test::utterance("good day", Millis(500))};
    OpenAiRequest request;
    EXPECT_EQ(OpenAiStream().finish(transcript, request).find("segments"), std::string::npos);
    request.names_granularities = request.wants_words = true;
    OpenAiStream stream;
    (void)stream.on_utterance(transcript.utterances.front());
    const auto done = data_of(stream.finish(transcript, request));
    EXPECT_EQ(done.at("segments").as_array().size(), 1u);
    EXPECT_EQ(done.at("words").as_array().size(), transcript.utterances.front().words.size());
}

TEST(OpenAiStream, ProgressAndErrorsAreEvents) {
    OpenAiStream stream;
    EXPECT_EQ(stream.on_progress({Millis(1500), Millis(2000), Millis(60000)}),
              "data: {\"type\":\"tutti.progress\",\"recognised\":1.5,\"decoded\":2.0,"
              "\"duration\":60.0}\n\n");
    const auto failed = data_of(stream.fail({{Errc::undecodable_audio, "no"}, "file", {}}));
    EXPECT_EQ(failed.at("error").at("param"), "file");
    EXPECT_EQ(failed.at("error").at("code"), "undecodable_audio");
}

}  // namespace
}  // namespace tutti::dialect
