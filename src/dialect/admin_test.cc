// SPDX-License-Identifier: Apache-2.0
#include "dialect/admin.h"

#include "dialect/test_support.h"
#include "dialect/whoasr_models.h"

#include <gtest/gtest.h>

namespace tutti::dialect {
namespace {

TEST(Admin, AChangeNamesAModel) {
    EXPECT_EQ(parse_admin_change(R"({"model":"en-us","more":1})").value(), "en-us");
    for (const auto* bad :
         {"", "[]", "{}", R"({"model":1})", R"({"model":""})", "{\"model\":\"x\""})
        EXPECT_FALSE(parse_admin_change(bad)) << bad;
    EXPECT_TRUE(is_admin_change("unpin"));
    EXPECT_FALSE(is_admin_change("stop"));
    EXPECT_EQ(admin_request("load", "a\"b"), R"({"command":"load","what":"a\"b"})");
}

TEST(Admin, ShowsAllModelsOrOne) {
    constexpr auto* kList = R"([{"id":"a","state":"ready"},{"id":"b","state":"unloaded"}])";
    EXPECT_EQ(admin_models_body(kList).value(),
              std::string(R"({"object":"list","data":)") + kList + "}");
    EXPECT_EQ(admin_model_body(kList, "b").value(), R"({"id":"b","state":"unloaded"})");
    EXPECT_EQ(admin_model_body(kList, "c").error().errc(), Errc::unknown_model);
    EXPECT_EQ(admin_models_body("{").error().errc(), Errc::internal);
}

TEST(WhoasrModels, UnknownTypesAreToldAsWhoasrDoes) {
    EXPECT_EQ(parse_whoasr_load(R"({"model_type":"vad"})").value(), WhoasrType::vad);
    for (const auto* bad : {"", "[]", "{}", R"({"model_type":"zzz"})", R"({"model_type":7})"})
        EXPECT_EQ(parse_whoasr_load(bad).error().error.errc(), Errc::bad_parameter) << bad;
    EXPECT_EQ(parse_whoasr_type("timestamp").value(), WhoasrType::timestamp);
    EXPECT_EQ(parse_whoasr_type("zzz").error().error.errc(), Errc::bad_request);
}

TEST(WhoasrModels, EveryTypeIsShownWithOrWithoutAModel) {
    WhoasrModels models;
    models[1] = {.id = "paraformer",
                 .is_loaded = true,
                 .is_kept = true,
                 .backend = "sherpa",
                 .languages = {"zh"}};
    const auto info = test::parsed(whoasr_info_body(models));
    EXPECT_EQ(info.at("total_loaded"), 1);
    EXPECT_EQ(info.at("models").as_object().size(), 5u);
    EXPECT_EQ(info.at("models").at("offline_asr").at("loaded"), true);
    EXPECT_EQ(info.at("models").at("vad").at("loaded"), false);
    const auto& offline = info.at("available_models").at("offline_asr");
    EXPECT_EQ(offline.at("model_name"), "paraformer");
    EXPECT_EQ(offline.at("config"), test::parsed(R"({"backend":"sherpa","languages":["zh"]})"));
    const auto config = test::parsed(whoasr_config_body(WhoasrType::offline_asr, models[1]));
    EXPECT_EQ(config.at("model_type"), "offline_asr");
    EXPECT_EQ(config.at("loaded"), true);
}

TEST(WhoasrModels, ChangesTellWhatIsTrueNow) {
    const auto said = [](WhoasrChange change) {
        return test::parsed(whoasr_change_body(WhoasrType::vad, change));
    };
    EXPECT_EQ(said(WhoasrChange::already_loaded).at("message"), "vad model is already loaded");
    EXPECT_EQ(said(WhoasrChange::loaded).at("loaded"), true);
    EXPECT_EQ(said(WhoasrChange::already_unloaded).at("success"), true);
    const auto failed = test::parsed(
        whoasr_change_failure_body(WhoasrType::vad, false, whoasr_no_model(WhoasrType::vad)));
    EXPECT_EQ(failed.at("success"), false);
    EXPECT_EQ(failed.at("model_type"), "vad");
    EXPECT_EQ(failed.as_object().size(), 4u);
}

}  // namespace
}  // namespace tutti::dialect
