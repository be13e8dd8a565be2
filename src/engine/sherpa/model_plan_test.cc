// SPDX-License-Identifier: Apache-2.0
// Cards of every family, and whether the library finds in its structs what the cards say.
#include "engine/sherpa/model_plan.h"

#include "engine/sherpa/loaded_model.h"
#include "engine/sherpa/probe.h"
#include "engine/sherpa/sherpa_test_support.h"

#include <fmt/format.h>

namespace tutti::engine::sherpa {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::StrEq;

struct FamilyCase {
    const char *kind, *family;
    std::vector<std::string> roles;
    const char* options = "";
};

const FamilyCase kCases[] = {
    {"asr-streaming", "transducer", {"encoder", "decoder", "joiner"}, "max_active_paths = 7"},
    {"asr-streaming", "paraformer", {"encoder", "decoder"}, "tail_padding_ms = 1234"},
    {"asr-streaming", "zipformer2_ctc", {"model"}},
    {"asr-offline", "transducer", {"encoder", "decoder", "joiner"}, "blank_penalty = 0.5"},
    {"asr-offline", "paraformer", {"model"}, "lower_case = true"},
    {"asr-offline", "sense_voice", {"model"}, "language = \"zh\"\nuse_itn = true"},
    {"asr-offline", "whisper", {"encoder", "decoder"}, "task = \"translate\""},
    {"asr-offline", "moonshine", {"preprocessor", "encoder", "uncached_decoder", "cached_decoder"}},
    {"asr-offline", "moonshine", {"encoder", "merged_decoder"}},
    {"asr-offline", "nemo_ctc", {"model"}},
    {"asr-offline", "zipformer_ctc", {"model"}},
};

class ModelPlans : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto why = missing_parts(); !why.empty()) GTEST_SKIP() << why;
    }
};

std::string file_table(const std::string& role, const fs::path& path) {
    return fmt::format("[[files]]\nrole = \"{}\"\npath = \"{}\"\nsize = {}\nsha256 = \"{:064}\"\n",
                       role, path.filename().string(), fs::file_size(path), 0);
}

// A card of that family, whose files are those of the tone model.
std::string card_of(const FamilyCase& one, const fs::path& folder) {
    auto card = fmt::format(
        "id = \"x\"\nkind = \"{}\"\nbackend = \"sherpa\"\n[options]\nfamily = \"{}\"\n{}\n",
        one.kind, one.family, one.options);
    for (const auto& role : one.roles) card += file_table(role, folder / "model.onnx");
    return card + file_table("tokens", folder / "tokens.txt");
}

Result<ModelPlan> plan_of(const FamilyCase& one, const CopiedModel& model) {
    write(model.folder() / "model.toml", card_of(one, model.folder()));
    return plan_model(model.folder());
}

TEST_F(ModelPlans, EveryFamilyNeedsItsFiles) {
    const CopiedModel model("offline");
    for (const auto& one : kCases) {
        const auto plan = plan_of(one, model);
        ASSERT_TRUE(plan) << one.family << ": " << plan.error().context;
        EXPECT_EQ(models::name_of(plan->kind), one.kind);
        for (const auto& role : one.roles) {
            auto less = one;
            std::erase(less.roles, role);
            const auto fault = plan_of(less, model);
            ASSERT_FALSE(fault) << one.family << " without " << role;
            // Without its one decoder a Moonshine model is taken for one of the other kind.
            EXPECT_THAT(fault.error().context, HasSubstr("model x: has no file '")) << role;
        }
    }
}

TEST_F(ModelPlans, OptionsReachTheLibrary) {
    const CopiedModel model("offline");
    const auto transducer = plan_of(kCases[0], model).value();
    EXPECT_EQ(online_config(transducer).max_active_paths, 7);
    EXPECT_EQ(online_config(transducer).num_threads, 1);
    EXPECT_EQ(transducer.tail, 71 * 10ms + 300ms) << "the model does not tell its window";
    EXPECT_EQ(plan_of(kCases[1], model)->tail, 1234ms);
    EXPECT_EQ(plan_of(kCases[1], model)->style, TokenStyle::words);
    EXPECT_EQ(offline_config(plan_of(kCases[3], model).value()).blank_penalty, 0.5f);
    EXPECT_TRUE(plan_of(kCases[4], model)->is_lower_case);
    const auto sense_voice = plan_of(kCases[5], model).value();
    EXPECT_THAT(offline_config(sense_voice).sense_voice.language, StrEq("zh"));
    EXPECT_EQ(offline_config(sense_voice).sense_voice.use_itn, 1);
    const auto whisper = plan_of(kCases[6], model).value();
    EXPECT_THAT(offline_config(whisper).whisper.task, StrEq("translate"));
    EXPECT_EQ(whisper.longest_clip, 29s);
    EXPECT_GT(sense_voice.longest_clip, 33s) << "an utterance and what was carried over to it";
    EXPECT_EQ(plan_model(model_folder("streaming"))->tail, 16 * 10ms + 300ms) << "it tells";
}

TEST_F(ModelPlans, HotwordsNeedASearchThatKnowsThem) {
    const CopiedModel model("offline");
    auto one = kCases[0];
    one.roles.push_back("hotwords");
    const auto fault = plan_of(one, model);
    ASSERT_FALSE(fault);
    EXPECT_THAT(fault.error().context, HasSubstr("modified_beam_search"));
    one.options = "decoding_method = \"modified_beam_search\"";
    EXPECT_TRUE(plan_of(one, model));
}

// The library names a file that is missing: so it looks for it where we put it.
TEST_F(ModelPlans, TheLibraryFindsEachFileWhereOurStructsHaveIt) {
    const CopiedModel model("offline");
    const auto* api = Api::load(library_path({})).value();
    for (const auto& one : kCases) {
        const auto whole = plan_of(one, model).value();
        for (const auto& [role, path] : whole.files) {
            auto plan = whole;
            const auto missing = "/nonexistent/" + role;
            plan.files[role] = missing;
            const auto done = try_in_child([&] { LoadedModel(*api, plan); }, 60s);
            ASSERT_FALSE(done) << one.family << " " << role;
            EXPECT_THAT(done.error().context, HasSubstr(missing)) << one.family;
        }
    }
}

}  // namespace
}  // namespace tutti::engine::sherpa
