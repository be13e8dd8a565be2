// SPDX-License-Identifier: Apache-2.0
#include "cli/models_report.h"

#include "cli/progress_line.h"

#include <boost/json/parse.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tutti::cli {
namespace {

using depot::ShelvedModel;
using testing::HasSubstr;

std::vector<ShelvedModel> some_models() {
    models::ModelCard card{.id = "zip",
                           .kind = models::Kind::asr_offline,
                           .backend = "sherpa",
                           .licence = "MIT",
                           .languages = {"a", "b", "c", "d", "e", "f", "g"}};
    ShelvedModel good{.folder = {"/m/zip", card}, .bytes = 4100};
    ShelvedModel bad{.folder = {"/m/bad", Error(Errc::bad_config, "x: id is missing")},
                     .fault = "x: id is missing"};
    return {good, bad};
}

TEST(ModelsReport, IsATable) {
    EXPECT_EQ(models_text(some_models(), "/m"),
              "ID   KIND         BACKEND  LANGUAGES     SIZE    LICENCE  FOLDER  STATE\n"
              "zip  asr-offline  sherpa   a,b,c,d,e,+2  4.1 kB  MIT      /m/zip  ok\n"
              "bad  ?            ?        ?             0 B     ?        /m/bad  broken: x: id is "
              "missing\n");
    EXPECT_THAT(models_text({}, "/m"), HasSubstr("There are no models in /m."));
}

TEST(ModelsReport, IsJsonForPrograms) {
    const auto list = boost::json::parse(models_json(some_models())).as_array();
    EXPECT_EQ(list[0].at("languages").as_array().size(), 7u);
    EXPECT_EQ(list[0].at("bytes"), 4100);
    EXPECT_EQ(list[0].at("state"), "ok");
    EXPECT_EQ(list[1].at("id"), "bad");
    EXPECT_EQ(list[1].at("fault"), "x: id is missing");
    EXPECT_EQ(models_json({}), "[]\n");
}

TEST(ModelsReport, SaysThatTheCatalogueIsUntested) {
    const auto& catalogue = depot::built_in_catalogue();
    const auto text = catalogue_text(catalogue, {"whisper-tiny"});
    EXPECT_THAT(text, HasSubstr("untested: the catalogue knows no digests"));
    EXPECT_THAT(text, HasSubstr("many languages (is here)"));
    const auto list = boost::json::parse(catalogue_json(catalogue, {"whisper-tiny"})).as_array();
    EXPECT_EQ(list.size(), catalogue.entries.size());
    EXPECT_EQ(list[0].at("has_digests"), false);
}

TEST(ModelsReport, DownloadsHaveAProgressLine) {
    EXPECT_EQ(progress_line("whisper-tiny", {Stage::downloading, 5e6, 2e7}, 60),
              "whisper-tiny downloading [##........]  25% 5.0 MB of 20.0 MB");
}

}  // namespace
}  // namespace tutti::cli
