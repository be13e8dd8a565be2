// SPDX-License-Identifier: Apache-2.0
#include "engine/upstream/upstream_options.h"

#include "base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <sys/stat.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

namespace tutti::engine {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::HasSubstr;
using testing::Not;

using Options = std::map<std::string, std::string>;

Result<UpstreamOptions> read(Options more) {
    models::ModelCard card{.id = "far", .backend = "upstream", .options = std::move(more)};
    card.options.try_emplace("url", "https://asr.example/v1/audio/transcriptions");
    card.options.try_emplace("remote_model", "whisper-1");
    return read_upstream_options(card, "/models/far");
}

std::string fault(Options more) {
    const auto options = read(std::move(more));
    if (options) return "none";
    EXPECT_EQ(options.error().errc(), Errc::bad_config);
    return options.error().context;
}

TEST(UpstreamOptions, HaveTheDefaultsOfTheHouse) {
    const auto options = read({});
    ASSERT_TRUE(options) << options.error().message();
    EXPECT_EQ(options->api, UpstreamApi::transcriptions);
    EXPECT_EQ(options->pool.connect_timeout, seconds(10));
    EXPECT_EQ(options->pool.read_timeout, seconds(20));
    EXPECT_EQ(options->pool.total_timeout, seconds(30));
    EXPECT_EQ(options->pool.idle_limit, seconds(300));
    EXPECT_EQ(load_key(*options).value(), "");
}

TEST(UpstreamOptions, AudioIsInTheRequestOrBehindALink) {
    EXPECT_EQ(read({})->audio, AudioForm::in_request);
    const auto chat = read({{"api", "chat"}, {"audio", "url"}});
    ASSERT_TRUE(chat) << chat.error().message();
    EXPECT_EQ(chat->audio, AudioForm::link);
    EXPECT_FALSE(chat->audio_url_is_object);
    EXPECT_FALSE(chat->keeps_audio);
    const auto kept = read(
        {{"api", "chat"}, {"audio", "url"}, {"audio_url_form", "object"}, {"keep_audio", "true"}});
    EXPECT_TRUE(kept->audio_url_is_object);
    EXPECT_TRUE(kept->keeps_audio);
    EXPECT_EQ(read({{"audio", "url"}})->audio_url_field, "url");
    EXPECT_EQ(read({{"audio", "url"}, {"audio_url_field", "link"}})->audio_url_field, "link");

    EXPECT_THAT(fault({{"audio", "tape"}}), HasSubstr("options.audio must be inline or url"));
    EXPECT_THAT(fault({{"keep_audio", "true"}}), HasSubstr("keep_audio is not known"));
    EXPECT_THAT(fault({{"audio", "url"}, {"audio_url_form", "object"}}), HasSubstr("not known"));
    EXPECT_THAT(fault({{"audio", "url"}, {"audio_url_field", "a\"b"}}), HasSubstr("quotes"));
    EXPECT_THAT(fault({{"api", "chat"}, {"audio", "url"}, {"audio_url_form", "list"}}),
                HasSubstr("must be string or object"));
}

TEST(UpstreamOptions, AreReadFromTheCard) {
    const auto options = read({{"api", "chat"},
                               {"prompt", "write it down"},
                               {"max_tokens", "500"},
                               {"key_file", "key"},
                               {"ca_file", "/etc/ca.pem"},
                               {"max_in_flight", "7"},
                               {"max_connections", "5"},
                               {"idle_limit", "60"},
                               {"total_timeout", "2.5"},
                               {"retries", "0"},
                               {"breaker_share", "0.25"}});
    ASSERT_TRUE(options) << options.error().message();
    EXPECT_EQ(options->api, UpstreamApi::chat);
    EXPECT_EQ(options->prompt, "write it down");
    EXPECT_EQ(options->max_tokens, 500);
    EXPECT_EQ(options->key_file, "/models/far/key");
    EXPECT_EQ(options->pool.ca_file, "/etc/ca.pem");
    EXPECT_EQ(options->pool.max_in_flight, 7u);
    EXPECT_EQ(options->pool.max_connections, 5);
    EXPECT_EQ(options->pool.max_connections_per_host, 5);
    EXPECT_EQ(options->pool.idle_limit, seconds(60));
    EXPECT_EQ(options->pool.total_timeout, milliseconds(2500));
    EXPECT_EQ(options->pool.retry.retries, 0);
    EXPECT_EQ(options->pool.breaker.failure_share, 0.25);
}

TEST(UpstreamOptions, FaultsNameTheModelAndTheOption) {
    EXPECT_EQ(fault({{"colour", "blue"}}), "model far: options.colour is not known");
    EXPECT_EQ(fault({{"url", ""}}), "model far: options.url is missing");
    EXPECT_EQ(fault({{"remote_model", ""}}), "model far: options.remote_model is missing");
    EXPECT_THAT(fault({{"api", "telepathy"}}), HasSubstr("options.api must be"));
    EXPECT_THAT(fault({{"words", "perhaps"}}), HasSubstr("options.words must be"));
    EXPECT_THAT(fault({{"retries", "1.5"}}), HasSubstr("options.retries must be a whole number"));
    for (const char* bad : {"", "x", "-1", "0", "301", "nan", "inf", "1 s", "1e999"})
        EXPECT_THAT(fault({{"total_timeout", bad}}), HasSubstr("options.total_timeout must be"))
            << bad;
    EXPECT_THAT(fault({{"key_file", "a"}, {"key_env", "B"}}), HasSubstr("exclude each other"));
}

TEST(UpstreamOptions, WhatOnlyTheOtherFormKnowsIsUnknown) {
    EXPECT_THAT(fault({{"api", "chat"}, {"words", "true"}}), HasSubstr("words is not known"));
    EXPECT_THAT(fault({{"max_tokens", "5"}}), HasSubstr("max_tokens is not known"));
}

TEST(UpstreamOptions, OnlyPlainAddressesAreTaken) {
    for (const char* bad : {"ftp://host/x", "file:///etc/passwd", "https://", "host/v1", "/v1",
                            "https://user:secret@host/v1", "https://host/v1#part", "http//host"})
        EXPECT_THAT(fault({{"url", bad}}), HasSubstr("options.url")) << bad;
    EXPECT_THAT(fault({{"url", "https://user:secret@host/v1"}}), Not(HasSubstr("secret")));
    EXPECT_FALSE(read({{"url", "http://asr.example:8000/v1"}})->is_private);
    EXPECT_TRUE(read({{"url", "http://127.0.0.1:8000/v1"}})->is_private);
    EXPECT_TRUE(read({{"url", "http://[::1]:8000/v1"}})->is_private);
}

TEST(UpstreamOptions, NoValueSmugglesALine) {
    for (const char* name : {"remote_model", "prompt", "language", "url", "key_env"})
        for (const char* value : {"a\r\nX-Evil: 1", "a\nb", "a\rb"})
            EXPECT_THAT(fault({{name, value}}), HasSubstr("control characters")) << name;
}

class KeyTest : public testing::Test {
  protected:
    void SetUp() override {
        auto name = testing::TempDir() + "key-XXXXXX";
        ASSERT_TRUE(::mkdtemp(name.data()));
        folder_ = name;
        log_->set_level(spdlog::level::warn);
        spdlog::set_default_logger(log_);
    }
    void TearDown() override {
        spdlog::set_default_logger(before_);
        std::filesystem::remove_all(folder_);
    }
    UpstreamOptions with_file(std::string_view text, mode_t mode = 0600) {
        const auto path = folder_ / "key";
        std::ofstream(path, std::ios::binary) << text;
        EXPECT_EQ(::chmod(path.c_str(), mode), 0);
        return {.key_file = path.string()};
    }
    std::string logged() const { return text_.str(); }

    std::filesystem::path folder_;
    std::ostringstream text_;
    std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
    std::shared_ptr<spdlog::logger> log_ = std::make_shared<spdlog::logger>(
        "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(text_));
};

TEST_F(KeyTest, ComesFromAFileWithoutItsLineEnd) {
    EXPECT_EQ(load_key(with_file("sk-secret\r\n")).value(), "sk-secret");
    EXPECT_EQ(logged(), "");
}

TEST_F(KeyTest, AFileThatAllMayReadIsWarnedOf) {
    EXPECT_EQ(load_key(with_file("sk-secret", 0644)).value(), "sk-secret");
    EXPECT_THAT(logged(), HasSubstr("can be read by every user"));
    EXPECT_THAT(logged(), Not(HasSubstr("sk-secret")));
}

TEST_F(KeyTest, ComesFromTheEnvironment) {
    ::setenv("TEST_UPSTREAM_KEY", "sk-other", 1);
    EXPECT_EQ(load_key({.key_env = "TEST_UPSTREAM_KEY"}).value(), "sk-other");
    ::unsetenv("TEST_UPSTREAM_KEY");
    EXPECT_THAT(load_key({.key_env = "TEST_UPSTREAM_KEY"}).error().context,
                HasSubstr("TEST_UPSTREAM_KEY: holds no key"));
}

TEST_F(KeyTest, WhatIsNoKeyIsRefusedWithoutBeingShown) {
    for (const auto& text :
         {std::string(), std::string("\n"), std::string("two\nlines"), std::string(5000, 'x')}) {
        const auto key = load_key(with_file(text));
        ASSERT_FALSE(key);
        EXPECT_EQ(key.error().errc(), Errc::bad_config);
        EXPECT_THAT(key.error().context, Not(HasSubstr("two")));
    }
    EXPECT_THAT(load_key({.key_file = "/nowhere/key"}).error().context, HasSubstr("/nowhere/key"));
    EXPECT_FALSE(load_key({.key_file = folder_.string()}));
}

}  // namespace
}  // namespace tutti::engine
