// SPDX-License-Identifier: Apache-2.0
#include "config/load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

namespace tutti::config {
namespace {

using testing::HasSubstr;

std::string error_of(const Result<Config>& result) {
    return result ? "no error" : result.error().message();
}

TEST(Config, PrintsWhatItParses) {
    auto config = parse(R"(
        port = 1234
        models = ["tone", "en-us"]
        spool_dir = "/tmp/with \"quotes\""
        [[model]]
        id = "en-us"
        replicas = 3
        [[model]]
        id = "other"
        backend = "sherpa"
        languages = ["de", "fr"]
    )",
                        "test");
    ASSERT_TRUE(config) << error_of(config);
    EXPECT_EQ(config->port, 1234);
    EXPECT_EQ(find_model(*config, "en-us")->replicas, 3);
    EXPECT_EQ(find_model(*config, "en-us")->backend, "pocketsphinx");
    const auto again = parse(print(*config), "printed");
    ASSERT_TRUE(again) << error_of(again);
    EXPECT_EQ(*again, *config);
}

TEST(Config, LaterSourcesWin) {
    const auto path = std::filesystem::temp_directory_path() /
                      ("tutti-config-test-" + std::to_string(getpid()) + ".toml");
    std::ofstream(path) << "port = 1\nscribes = 2\ngateways = 3\n";
    const char* const environment[] = {"TUTTI_PORT=4", "TUTTI_SCRIBES=5", "HOME=/x",
                                       "TUTTI_UNHEARD_OF=1", nullptr};
    const auto config =
        load({.file = path.string(), .environment = environment, .flags = {{"port", "6"}}});
    std::filesystem::remove(path);
    ASSERT_TRUE(config) << error_of(config);
    EXPECT_EQ(config->port, 6);
    EXPECT_EQ(config->scribes, 5);
    EXPECT_EQ(config->gateways, 3);
}

TEST(Config, ErrorsNameSourceAndKey) {
    EXPECT_THAT(error_of(parse("port = \"x\"", "a.toml")),
                HasSubstr("a.toml:1: port must be a number"));
    EXPECT_THAT(error_of(parse("port = 70000", "a.toml")), HasSubstr("at most 65535"));
    EXPECT_THAT(error_of(parse("\n[[model]]\nid = \"x\"\nlegs = 2", "a.toml")),
                HasSubstr("a.toml:4: model.legs is not a setting of a model"));
    EXPECT_THAT(error_of(parse("port = 1.5", "a.toml")), HasSubstr("a.toml:1: port must be"));
    EXPECT_THAT(error_of(parse("scale_limit = 2\nscribes = 3", "a.toml")),
                HasSubstr("scribes: 3 is more than scale_limit, 2"));
    EXPECT_THAT(error_of(parse("prot = 1", "a.toml")), HasSubstr("prot is not a setting"));
    EXPECT_THAT(error_of(parse("models = [\"nope\"]", "a.toml")), HasSubstr("'nope' is not known"));
    EXPECT_THAT(error_of(parse("models = []", "a.toml")), HasSubstr("at least one"));
    EXPECT_THAT(error_of(parse("x = [", "a.toml")), HasSubstr("a.toml:1:"));
    EXPECT_THAT(error_of(parse("log_level = \"loud\"", "a.toml")), HasSubstr("log_level"));
    EXPECT_THAT(error_of(parse("umask = \"0888\"", "a.toml")), HasSubstr("octal"));
    EXPECT_THAT(error_of(parse("gateway_beat_limit = 1", "a.toml")), HasSubstr("2 seconds"));
    EXPECT_THAT(error_of(load({.file = "/nonexistent"})), HasSubstr("cannot read"));
    EXPECT_THAT(error_of(load({.file = "/tmp"})), HasSubstr("cannot read /tmp"));
}

TEST(Config, KnowsAnAudioStore) {
    const auto config = parse(R"(
        pass_environment = ["MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"]
        audio_store_url = "http://127.0.0.1:9000"
        audio_store_bucket = "audio-test"
        audio_store_prefix = "tutti/"
        audio_store_key_env = ["MINIO_ACCESS_KEY", "MINIO_SECRET_KEY"]
        audio_store_links = "plain"
        audio_store_link_lifetime = 60
        audio_store_create_bucket = true
    )",
                              "test");
    ASSERT_TRUE(config) << error_of(config);
    const auto& store = config->audio_store;
    EXPECT_EQ(store.bucket, "audio-test");
    EXPECT_EQ(store.key_env.size(), 2u);
    EXPECT_EQ(store.links, blob::Links::plain);
    EXPECT_EQ(store.link_lifetime, std::chrono::seconds(60));
    EXPECT_TRUE(store.creates_bucket);
    const auto again = parse(print(*config), "printed");
    ASSERT_TRUE(again) << error_of(again);
    EXPECT_EQ(*again, *config);
}

TEST(Config, AnAudioStoreIsUsableOrNotSet) {
    const std::string store =
        "audio_store_url = \"http://h:9000\"\naudio_store_bucket = \"audio\"\n";
    const auto fault = [&](const std::string& more) { return error_of(parse(store + more, "t")); };
    EXPECT_EQ(fault("audio_store_key_file = \"/k\""), "no error");
    EXPECT_THAT(fault(""), HasSubstr("audio_store_key_file is missing"));
    EXPECT_THAT(fault("audio_store_key_env = [\"A\", \"B\"]"),
                HasSubstr("audio_store_key_env: pass_environment must name A too"));
    EXPECT_THAT(fault("audio_store_key_file = \"/k\"\naudio_store_links = \"short\""),
                HasSubstr("t:4: audio_store_links must be presigned or plain"));
    EXPECT_THAT(fault("audio_store_create_bucket = 1"), HasSubstr("must be true or false"));
    EXPECT_THAT(fault("audio_store_key_file = \"/k\"\naudio_store_link_lifetime = 0"),
                HasSubstr("audio_store_link_lifetime must be"));
}

TEST(Config, SomeChangesNeedARestart) {
    const Config before;
    Config after = before;
    after.gateways = 7;
    EXPECT_TRUE(changes_that_need_restart(before, after).empty());
    after.port = 1;
    after.umask = "0077";
    EXPECT_THAT(changes_that_need_restart(before, after), testing::ElementsAre("port", "umask"));
}

TEST(Config, ModelNamesAndAliasesResolve) {
    Config config;
    config.models = {"en-us", "tone"};
    EXPECT_EQ(resolve_model(config, "")->id, "en-us");
    EXPECT_EQ(resolve_model(config, "tone")->id, "tone");
    EXPECT_EQ(resolve_model(config, "whisper-1")->id, "en-us");
    EXPECT_EQ(resolve_model(config, "nova-2-meeting")->id, "en-us");
    EXPECT_EQ(resolve_model(config, "nope"), nullptr);
    config.models = {"en-us"};
    EXPECT_EQ(resolve_model(config, "tone"), nullptr) << "known but not served";
}

TEST(Config, TheLanguagePicksWhenNoModelIsMeant) {
    Config config;
    config.known_models = {{.id = "talk", .kind = models::Kind::vad},
                           {.id = "english", .languages = {"en"}},
                           {.id = "chinese", .languages = {"zh"}, .aliases = {"nova-2-zh", "zh"}}};
    config.models = {"talk", "english", "chinese"};
    EXPECT_EQ(resolve_model(config, "")->id, "english");
    EXPECT_EQ(resolve_model(config, "", "zh-CN")->id, "chinese");
    EXPECT_EQ(resolve_model(config, "whisper-1", "zh")->id, "chinese");
    EXPECT_EQ(resolve_model(config, "", "de")->id, "english") << "which then refuses it";
    EXPECT_EQ(resolve_model(config, "english", "zh")->id, "english") << "named is named";
    EXPECT_EQ(resolve_model(config, "nova-2-zh")->id, "chinese");
    EXPECT_EQ(resolve_model(config, "talk"), nullptr) << "it recognises no speech";
    EXPECT_EQ(first_of(config, models::Kind::vad)->id, "talk");
    EXPECT_EQ(first_of(config, models::Kind::punctuation), nullptr);
    EXPECT_EQ(first_of(config, models::Kind::asr_streaming, "zh")->id, "chinese");
    EXPECT_EQ(first_of(config, models::Kind::asr_streaming, "de"), nullptr);
}

TEST(Config, LanguagesMatchByTheirPrimarySubtag) {
    const Model model{.id = "x", .languages = {"en"}};
    for (const char* yes : {"", "en", "EN", "en-US", "en_GB", "multi"})
        EXPECT_TRUE(knows_language(model, yes)) << yes;
    for (const char* no : {"zh", "e", "eng", "klingon"})
        EXPECT_FALSE(knows_language(model, no)) << no;
    EXPECT_TRUE(knows_language(Model{.id = "any"}, "zh"));
}

}  // namespace
}  // namespace tutti::config
