// SPDX-License-Identifier: Apache-2.0
#include "config/explain.h"

#include "models/test_folder.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <optional>

namespace tutti::config {
namespace {

using models::Kind;
using testing::ElementsAre;
using testing::EndsWith;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::StartsWith;

std::string card(const std::string& id, const std::string& kind = "asr-offline") {
    return "id = \"" + id + "\"\nkind = \"" + kind +
           "\"\nbackend = \"sherpa\"\nlanguages = [\"de\", \"fr\"]\n";
}

class KnownModels : public testing::Test {
  protected:
    KnownModels() { folder_.write("none.toml", ""); }

    // The configuration of that TOML, with models_dir = models/.
    Result<LoadedConfig> load(const std::string& toml) {
        folder_.write("tutti.toml", toml);
        return load_with_origins({.file = (folder_ / "tutti.toml").string(),
                                  .usual_models_dir = (folder_ / "models").string()});
    }
    std::string error_of(const std::string& toml) {
        const auto loaded = load(toml);
        return loaded ? "no error" : loaded.error().context;
    }
    std::string path(const std::string& name) const { return (folder_ / name).string(); }

    models::test::Folder folder_;
};

TEST_F(KnownModels, AnAbsentFolderIsNoError) {
    const auto loaded = load("").value();
    EXPECT_EQ(loaded.config.models_dir, path("models"));
    EXPECT_THAT(loaded.warnings, IsEmpty());
    EXPECT_EQ(loaded.config.known_models, Config().known_models);
}

TEST_F(KnownModels, ASecondPassIsAServedModelThatKnowsTheLanguages) {
    folder_.write("models/m/model.toml", card("zip"));
    folder_.write("models/p/model.toml", card("dots", "punctuation"));
    folder_.write("models/v/model.toml", card("fine", "asr-offline"));
    const auto with = [](const std::string& served, const std::string& table) {
        return "models = ['zip', " + served + "]\n[[model]]\nid = 'zip'\n" + table;
    };
    const auto loaded =
        load(with("'fine'", "second_pass = 'fine'\nsecond_pass_limit = 800")).value();
    const auto& model = *find_model(loaded.config, "zip");
    EXPECT_EQ(model.second_pass, "fine");
    EXPECT_EQ(model.second_pass_limit, std::chrono::milliseconds(800));
    EXPECT_THAT(explain(loaded), HasSubstr("second_pass = \"fine\""));
    EXPECT_EQ(parse(print(loaded.config), "printed").value(), loaded.config);
    const std::pair<std::string, std::string> cases[] = {
        {with("'tone'", "second_pass = 'fine'"), "'zip': second_pass: 'fine' is not served"},
        {with("'tone'", "second_pass = 'nope'"), "'nope' is not served"},
        {with("'tone'", "second_pass = 'zip'"), "'zip' is the model itself"},
        {with("'dots'", "second_pass = 'dots'"), "'dots' recognises no speech"},
        {with("'tone'", "second_pass = 'tone'"), "'tone' does not know all of the model's"},
        {with("'fine'", "languages = []\nsecond_pass = 'fine'"), "does not know all"},
        {with("'fine'", "languages = ['fr', 'en']\nsecond_pass = 'fine'"), "does not know all"},
        {with("'dots'", "[[model]]\nid = 'dots'\nsecond_pass = 'zip'"), "it recognises no speech"},
        {with("'fine'", "second_pass_limit = 60001"), "at most 60000"}};
    for (const auto& [toml, why] : cases) EXPECT_THAT(error_of(toml), HasSubstr(why)) << toml;
    EXPECT_EQ(error_of(with("'fine'", "languages = ['fr']\nsecond_pass = 'fine'")), "no error");
    EXPECT_EQ(error_of("models = ['tone']\n[[model]]\nid = 'zip'\nsecond_pass = 'nope'"),
              "no error")
        << "it is not served itself";
}

TEST_F(KnownModels, EachFolderWithACardIsOne) {
    folder_.write("models/m/model.toml", card("zip"));
    const auto loaded = load("models = ['zip']").value();
    const auto& model = *find_model(loaded.config, "zip");
    EXPECT_EQ(model.backend, "sherpa");
    EXPECT_EQ(model.kind, Kind::asr_offline);
    EXPECT_THAT(model.languages, ElementsAre("de", "fr"));
    EXPECT_EQ(model.directory, path("models/m"));
    EXPECT_EQ(model.replicas, 1);
    for (const char* key : {"id", "backend", "kind", "languages", "directory"})
        EXPECT_EQ(origin_of(loaded, std::string("model.zip.") + key),
                  "model folder " + path("models/m/model.toml"));
    EXPECT_EQ(origin_of(loaded, "model.zip.replicas"), "default");
    EXPECT_THAT(explain(loaded), HasSubstr("kind = \"asr-offline\""));
}

TEST_F(KnownModels, AFolderTakesThePlaceOfABuiltInModel) {
    folder_.write("models/en-us/model.toml", card("en-us"));
    const auto loaded = load("").value();
    EXPECT_EQ(find_model(loaded.config, "en-us")->backend, "sherpa");
    EXPECT_EQ(loaded.config.known_models.size(), Config().known_models.size());
}

TEST_F(KnownModels, ATableChangesTheModelOfAFolder) {
    folder_.write("models/zip/model.toml", card("zip"));
    const auto loaded = load("[[model]]\nid = 'zip'\nreplicas = 3\nlanguages = ['en']\n").value();
    const auto& model = *find_model(loaded.config, "zip");
    EXPECT_EQ(model.replicas, 3);
    EXPECT_THAT(model.languages, ElementsAre("en"));
    EXPECT_EQ(model.backend, "sherpa");
    EXPECT_EQ(model.directory, path("models/zip"));
    EXPECT_THAT(std::string(origin_of(loaded, "model.zip.languages")), EndsWith("tutti.toml:4"));
}

TEST_F(KnownModels, ATableTakesFromTheCardOfItsDirectoryWhatItDoesNotSay) {
    folder_.write("elsewhere/model.toml", card("zip", "punctuation"));
    const auto directory = "directory = '" + path("elsewhere") + "'\n";
    auto loaded = load("[[model]]\nid = 'mine'\nlanguages = ['zh']\n" + directory).value();
    const auto* model = find_model(loaded.config, "mine");
    ASSERT_NE(model, nullptr);
    EXPECT_EQ(model->backend, "sherpa");
    EXPECT_EQ(model->kind, Kind::punctuation);
    EXPECT_THAT(model->languages, ElementsAre("zh"));
    EXPECT_EQ(origin_of(loaded, "model.mine.kind"), "model folder " + path("elsewhere/model.toml"));
    loaded = load("[[model]]\n" + directory).value();
    EXPECT_NE(find_model(loaded.config, "zip"), nullptr) << "the id too";
}

TEST_F(KnownModels, ABrokenCardIsAnErrorOnlyWhenItsModelIsServed) {
    folder_.write("models/bad/model.toml", "id = 'bad'\nkind = 'vad'\n");
    const auto fault = path("models/bad/model.toml") + ": backend is missing";
    EXPECT_THAT(load("").value().warnings,
                ElementsAre("model 'bad' is not served, but broken: " + fault));
    EXPECT_EQ(error_of("models = ['en-us', 'bad']"), "model 'bad' cannot be served: " + fault);
    EXPECT_EQ(error_of("models = ['bad']\n[[model]]\nid = 'bad'\nreplicas = 2\n"),
              "model 'bad' cannot be served: " + fault);
}

TEST_F(KnownModels, ABrokenCardOfATablesDirectoryIsTheSame) {
    folder_.write("elsewhere/model.toml", "kind = 1\n");
    const auto toml =
        "[[model]]\nid = 'mine'\nbackend = 'tone'\ndirectory = '" + path("elsewhere") + "'\n";
    EXPECT_THAT(load(toml).value().warnings,
                ElementsAre(StartsWith("model 'mine' is not served, but broken: ")));
    EXPECT_THAT(error_of("models = ['mine']\n" + toml), HasSubstr("elsewhere/model.toml: "));
    folder_.write("models/mine/model.toml", "id = ");
    folder_.write("good/model.toml", card("good"));
    const auto other = "[[model]]\nid = 'mine'\ndirectory = '" + path("good") + "'\n";
    EXPECT_EQ(error_of("models = ['mine']\n" + other), "no error") << "of another folder";
}

TEST_F(KnownModels, AFolderThatCannotBeReadIsWarnedOf) {
    folder_.write("models", "a file");
    EXPECT_THAT(load("").value().warnings,
                ElementsAre("models_dir: " + path("models") + " cannot be read: Not a directory"));
}

TEST_F(KnownModels, TheSettingNamesTheFolder) {
    folder_.write("mine/zip/model.toml", card("zip"));
    const auto loaded = load("models_dir = '" + path("mine") + "'\nmodels = ['zip']\n").value();
    EXPECT_NE(find_model(loaded.config, "zip"), nullptr);
    EXPECT_THAT(std::string(origin_of(loaded, "models_dir")), EndsWith("tutti.toml:1"));
}

TEST_F(KnownModels, WhatIsPrintedNeedsNoFolderAnyMore) {
    folder_.write("models/zip/model.toml", card("zip"));
    const auto loaded = load("models = ['zip']").value();
    std::filesystem::remove_all(folder_ / "models");
    EXPECT_EQ(parse(print(loaded.config), "printed").value(), loaded.config);
    folder_.write("models/zip/model.toml", "id = ");
    EXPECT_EQ(parse(print(loaded.config), "printed").value(), loaded.config);
    EXPECT_EQ(parse(explain(loaded), "explained").value(), loaded.config);
}

TEST_F(KnownModels, OneOfThoseServedRecognisesSpeech) {
    folder_.write("models/p/model.toml", card("p", "punctuation"));
    EXPECT_EQ(error_of("models = ['en-us']"), "no error");
    EXPECT_EQ(error_of("models = ['p', 'en-us']"), "no error");
    EXPECT_EQ(error_of("models = ['p']"),
              "models: at least one that recognises speech must be served");
    EXPECT_THAT(error_of("[[model]]\nid = 'tone'\nkind = 'asr'\n"),
                HasSubstr("model.kind must be one of asr-streaming, asr-offline, vad"));
}

TEST_F(KnownModels, CommandsThatAskNothingOfModelsIgnoreBrokenOnes) {
    folder_.write("models/bad/model.toml", "id = ");
    folder_.write("tutti.toml", "models = ['bad']\nport = 7\n");
    const auto config =
        config::load({.file = path("tutti.toml"), .leaves_models_out = true}).value();
    EXPECT_EQ(config.port, 7);
}

// SHERPA_ONNX_LIBRARY, beside which ONNX Runtime is looked for.
class LibraryAt {
  public:
    explicit LibraryAt(const std::string& path) {
        if (const char* before = std::getenv(kName)) before_ = before;
        ::setenv(kName, path.c_str(), 1);
    }
    ~LibraryAt() {
        if (before_)
            ::setenv(kName, before_->c_str(), 1);
        else
            ::unsetenv(kName);
    }
    LibraryAt(const LibraryAt&) = delete;
    LibraryAt& operator=(const LibraryAt&) = delete;

  private:
    static constexpr const char* kName = "SHERPA_ONNX_LIBRARY";
    std::optional<std::string> before_;
};

TEST_F(KnownModels, TheBuiltInVoiceActivityIsLeftOutWhenItIsNotInstalled) {
    const LibraryAt nowhere(path("libsherpa-onnx-c-api.so"));
    const auto loaded = load("");
    ASSERT_TRUE(loaded) << loaded.error().context;
    EXPECT_THAT(loaded->config.models, ElementsAre("en-us"));
    EXPECT_THAT(loaded->warnings, ElementsAre(HasSubstr("model 'silero' is not served")));
}

TEST_F(KnownModels, WhoAsksForVoiceActivityGetsItOrAnError) {
    const LibraryAt nowhere(path("libsherpa-onnx-c-api.so"));
    const auto loaded = load("models = [\"en-us\", \"silero\"]");
    ASSERT_TRUE(loaded) << loaded.error().context;
    EXPECT_THAT(loaded->config.models, ElementsAre("en-us", "silero"));
    EXPECT_THAT(loaded->warnings, IsEmpty());
    EXPECT_EQ(first_of(loaded->config, Kind::vad)->id, "silero");
}

TEST_F(KnownModels, AModelNamesWhatTellsItWhereSpeechIs) {
    const auto loaded = load(R"(
        models = ["en-us", "tone", "silero"]
        [[model]]
        id = "en-us"
        vad = "silero"
    )");
    ASSERT_TRUE(loaded) << loaded.error().context;
    const auto& config = loaded->config;
    const auto& silero = *find_model(config, "silero");
    const auto& english = *find_model(config, "en-us");
    EXPECT_EQ(vad_of_files(config, english), &silero);
    EXPECT_EQ(vad_of_streams(config, english), &silero);
    EXPECT_EQ(vad_of_files(config, *find_model(config, "tone")), nullptr);
    EXPECT_EQ(vad_of_streams(config, *find_model(config, "tone")), nullptr);
    Model other{.id = "other"};
    EXPECT_EQ(vad_of_files(config, other), &silero);
    EXPECT_EQ(vad_of_streams(config, other), nullptr);
}

TEST_F(KnownModels, WhatTellsWhereSpeechIsMustBeServed) {
    const std::string table = "\n[[model]]\nid = \"en-us\"\nvad = ";
    EXPECT_THAT(error_of("models = [\"en-us\"]" + table + "\"silero\""),
                HasSubstr("model 'en-us': vad: 'silero' is not a served model of kind vad"));
    EXPECT_THAT(error_of("models = [\"en-us\", \"tone\"]" + table + "\"tone\""),
                HasSubstr("vad: 'tone' is not"));
    EXPECT_EQ(error_of("models = [\"en-us\"]" + table + "\"none\""), "no error");
}

}  // namespace
}  // namespace tutti::config
