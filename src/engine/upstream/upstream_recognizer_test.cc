// SPDX-License-Identifier: Apache-2.0
#include "engine/upstream/upstream_recognizer.h"

#include "engine/upstream/test_server.h"

#include "models/model_card.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <fstream>
#include <sstream>

namespace tutti::engine {
namespace {

using proto::StreamMode;
using testing::HasSubstr;
using testing::Not;
using Peer = TestServer::Peer;

constexpr std::string_view kKey = "sk-0123456789abcdef";

// Everything the process logs meanwhile, all levels, is kept.
class UpstreamTest : public testing::Test {
  protected:
    void SetUp() override {
        auto name = testing::TempDir() + "upstream-XXXXXX";
        ASSERT_TRUE(::mkdtemp(name.data()));
        folder_ = name;
        log_->set_level(spdlog::level::trace);
        spdlog::set_default_logger(log_);
    }
    void TearDown() override {
        spdlog::set_default_logger(before_);
        EXPECT_THAT(text_.str(), Not(HasSubstr(kKey)));
        std::filesystem::remove_all(folder_);
    }
    std::unique_ptr<Recognizer> load(const std::string& url,
                                     std::map<std::string, std::string> more = {}) {
        models::ModelCard card{.id = "far", .backend = "upstream", .options = std::move(more)};
        card.options["url"] = url;
        card.options["remote_model"] = "m";
        card.options["key_file"] = "key";
        card.options["retries"] = "0";
        std::ofstream(folder_ / "key") << kKey << "\n";
        std::ofstream(folder_ / models::kCardName) << models::print(card);
        return load_upstream(folder_, bucket_)(StreamMode::live);
    }
    static std::unique_ptr<RecognizerStream> speak(Recognizer& recognizer, int seconds = 1) {
        auto stream = recognizer.create_stream({});
        stream->accept_audio(std::vector<std::int16_t>(16000u * static_cast<unsigned>(seconds)));
        EXPECT_FALSE(stream->is_ready());
        EXPECT_EQ(stream->partial(), Hypothesis{});
        stream->input_finished(Ending::complete);
        EXPECT_TRUE(stream->is_ready());
        return stream;
    }
    static Outcome recognize(Recognizer& recognizer) {
        auto stream = speak(recognizer);
        RecognizerStream* one = stream.get();
        recognizer.decode({&one, 1});
        EXPECT_FALSE(stream->is_ready());
        return stream->result();
    }
    static Error failure(Recognizer& recognizer) {
        try {
            recognize(recognizer);
        } catch (const RecognitionError& e) {
            return e.error;
        }
        ADD_FAILURE() << "it was recognised";
        return Errc::ok;
    }

    std::filesystem::path folder_;
    blob::BucketOptions bucket_;
    std::ostringstream text_;
    std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
    std::shared_ptr<spdlog::logger> log_ = std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
};

TEST_F(UpstreamTest, HearsWhatTheServerAnswers) {
    TestServer server([](Peer& peer) {
        EXPECT_EQ(peer.request()["Authorization"], "Bearer " + std::string(kKey));
        EXPECT_THAT(std::string(peer.request()["Content-Type"]), HasSubstr("multipart/form-data"));
        peer.reply(200, R"({"text":"hello","words":[{"word":"hello","start":0.1,"end":0.4}]})");
    });
    const auto recognizer = load(server.url(), {{"words", "true"}});
    const auto outcome = recognize(*recognizer);
    EXPECT_EQ(outcome.hypothesis.text, "hello");
    EXPECT_EQ(outcome.hypothesis.words.size(), 1u);
    EXPECT_EQ(outcome.settled, 16000);
    EXPECT_TRUE(recognizer->last_progress());
}

TEST_F(UpstreamTest, HearsWhatAChatServerAnswers) {
    TestServer server([](Peer& peer) {
        EXPECT_EQ(peer.request()["Content-Type"], "application/json");
        peer.reply(200, R"({"choices":[{"message":{"content":"hello"}}]})");
    });
    EXPECT_EQ(recognize(*load(server.url(), {{"api", "chat"}})).hypothesis.text, "hello");
}

TEST_F(UpstreamTest, HotwordsStandBehindThePromptOfTheCard) {
    std::string body;
    TestServer server([&](Peer& peer) {
        body = peer.request().body();
        peer.reply(200, R"({"text":"ok","choices":[{"message":{"content":"ok"}}]})");
    });
    const auto ask = [&](std::map<std::string, std::string> card) {
        const auto recognizer = load(server.url(), std::move(card));
        const auto stream = recognizer->create_stream({.hotwords = {"Tutti", "the \"house\""}});
        stream->accept_audio(std::vector<std::int16_t>(16000));
        stream->input_finished(Ending::complete);
        RecognizerStream* one = stream.get();
        recognizer->decode({&one, 1});
        EXPECT_EQ(stream->result().hypothesis.text, "ok");
        return body;
    };
    EXPECT_THAT(ask({}), HasSubstr("name=\"prompt\"\r\n\r\nTutti, the \"house\"\r\n"));
    EXPECT_THAT(ask({{"prompt", "A talk."}}), HasSubstr("\r\nA talk. Tutti, the \"house\"\r\n"));
    EXPECT_THAT(ask({{"api", "chat"}, {"prompt", "Write."}}),
                HasSubstr(R"(Write.\nThese words may occur: Tutti, the \"house\")"));
}

TEST_F(UpstreamTest, SendsTheUtterancesOfARoundSideBySide) {
    std::mutex mutex;
    std::condition_variable changed;
    int arrived = 0;
    constexpr int kCount = 4;
    TestServer server([&](Peer& peer) {
        std::unique_lock lock(mutex);
        const bool is_bad = ++arrived == 2;
        changed.notify_all();
        changed.wait(lock, [&] { return arrived == kCount; });
        is_bad ? peer.reply(400, "bad") : peer.reply(200, R"({"text":"ok"})");
    });
    const auto recognizer = load(server.url());
    std::vector<std::unique_ptr<RecognizerStream>> streams;
    std::vector<RecognizerStream*> ready;
    for (int i = 0; i < kCount; ++i)
        ready.push_back(streams.emplace_back(speak(*recognizer)).get());
    recognizer->decode(ready);
    int good = 0, failed = 0;
    for (auto& stream : streams) try {
            good += stream->result().hypothesis.text == "ok";
        } catch (const RecognitionError&) {
            ++failed;
        }
    EXPECT_EQ(good, kCount - 1);
    EXPECT_EQ(failed, 1);
}

TEST_F(UpstreamTest, NoAudioIsNoRequest) {
    TestServer server([](Peer& peer) { peer.reply(500, ""); });
    const auto recognizer = load(server.url());
    const auto stream = recognizer->create_stream({});
    stream->input_finished(Ending::complete);
    EXPECT_FALSE(stream->is_ready());
    EXPECT_EQ(stream->result().hypothesis.text, "");
    EXPECT_EQ(server.connections(), 0);
}

TEST_F(UpstreamTest, FailuresNameTheirCauseAndNeverTheKey) {
    std::atomic<unsigned> status = 0;
    TestServer server([&](Peer& peer) {
        peer.reply(status, "your key " + std::string(kKey) + " and your request");
    });
    const auto recognizer = load(server.url());
    for (const auto& [code, cause] : {std::pair{400u, Errc::internal},
                                      {401u, Errc::internal},
                                      {413u, Errc::internal},
                                      {429u, Errc::busy},
                                      {500u, Errc::unavailable},
                                      {200u, Errc::internal}}) {
        status = code;
        const auto error = failure(*recognizer);
        EXPECT_EQ(error.errc(), cause) << code;
        EXPECT_THAT(error.context, Not(HasSubstr(kKey)));
        if (code != 200) {
            EXPECT_THAT(error.context, HasSubstr(std::to_string(code)));
        }
    }
    EXPECT_THAT(text_.str(), HasSubstr("with status 400: your key *** and your request"));
}

TEST_F(UpstreamTest, ALinkNeedsAnAudioStore) {
    try {
        load("http://127.0.0.1:1/", {{"api", "chat"}, {"audio", "url"}});
        FAIL() << "it was loaded";
    } catch (const std::exception& e) {
        EXPECT_THAT(e.what(), HasSubstr("model far: options.audio = url needs an audio store"));
    }
}

// One server is both: what it is asked about was there, and is gone afterwards.
TEST_F(UpstreamTest, HearsThroughTheAudioStore) {
    std::mutex mutex;
    std::string object, signature;
    int removed = 0;
    TestServer server([&](Peer& peer) {
        std::lock_guard lock(mutex);
        const auto& request = peer.request();
        if (request.method_string() == "PUT") {
            object = std::string(request.target());
            return peer.reply(200, "");
        }
        if (request.method_string() == "DELETE") {
            removed += request.target() == object;
            return peer.reply(204, "");
        }
        EXPECT_THAT(request.body(), HasSubstr(object + "?X-Amz-Algorithm"));
        const auto at = request.body().find("X-Amz-Signature=");
        signature = request.body().substr(at + 16, 64);
        if (request.target() == "/bad") return peer.reply(400, "cannot: " + request.body());
        peer.reply(200, R"({"choices":[{"message":{"content":"hello"}}]})");
    });
    std::ofstream(folder_ / "store.key") << "id\nsecret-of-the-store\n";
    const auto base = server.url().substr(0, server.url().find("/v1"));
    bucket_ = {.url = base, .bucket = "audio", .key_file = folder_ / "store.key"};
    auto good = load(base + "/good", {{"api", "chat"}, {"audio", "url"}});
    EXPECT_EQ(recognize(*good).hypothesis.text, "hello");
    EXPECT_TRUE(good->last_progress());
    good = nullptr;  // waits for removals
    EXPECT_EQ(removed, 1);

    auto bad = load(base + "/bad", {{"api", "chat"}, {"audio", "url"}});
    EXPECT_EQ(failure(*bad).errc(), Errc::internal);
    bad = nullptr;
    EXPECT_EQ(removed, 2);
    EXPECT_THAT(text_.str(), HasSubstr("with status 400: cannot: "));
    EXPECT_EQ(signature.size(), 64u);
    EXPECT_THAT(text_.str(), Not(HasSubstr(signature)));
    EXPECT_THAT(text_.str(), Not(HasSubstr("secret-of-the-store")));

    auto kept = load(base + "/good", {{"api", "chat"}, {"audio", "url"}, {"keep_audio", "true"}});
    EXPECT_EQ(recognize(*kept).hypothesis.text, "hello");
    kept = nullptr;
    EXPECT_EQ(removed, 2);
}

TEST_F(UpstreamTest, ACardThatIsWrongIsNotLoaded) {
    EXPECT_THROW(load("gopher://host/"), std::exception);
    EXPECT_THROW(load("http://127.0.0.1:1/", {{"colour", "blue"}}), std::exception);
    EXPECT_THROW(load("http://127.0.0.1:1/", {{"ca_file", "missing.pem"}}), std::exception);
    EXPECT_NO_THROW(load("http://127.0.0.1:1/"));
    EXPECT_THROW(load_upstream("/nowhere"), std::exception);
}

}  // namespace
}  // namespace tutti::engine
