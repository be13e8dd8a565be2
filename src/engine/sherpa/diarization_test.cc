// SPDX-License-Identifier: Apache-2.0
// Models of kind diarization, through the library. The speakers are the rows of a telephone keypad
// (tools/make_speaker_model.py).
#include "engine/sherpa/sherpa_test_support.h"
#include "engine/tone/dtmf_generator.h"

#include <map>

namespace tutti::engine::sherpa {
namespace {

using proto::Millis;
using testing::HasSubstr;

void append_silence(std::vector<std::int16_t>& out, Millis length) {
    out.resize(out.size() + static_cast<std::size_t>(proto::to_samples(length)));
}

// Six keys of one row, 60 ms each, with pauses as long; 0.72 s together.
void append_speaker(std::vector<std::int16_t>& out, std::size_t row) {
    constexpr DtmfShape kShape{.tone = Millis(60), .gap = Millis(60)};
    for (std::size_t key = 0; key < 6; ++key)
        append_dtmf(kDtmfDigits[4 * row + key % 3], kShape, out);
}

class SherpaDiarization : public testing::Test {
  protected:
    void SetUp() override {
        if (const auto why = missing_parts(); !why.empty()) GTEST_SKIP() << why;
        recognizer_ = load_sherpa({.library = {}, .model_folder = model_folder("voices")})(
            proto::StreamMode::whole);
    }
    std::vector<proto::Word> turns_of(const std::vector<std::int16_t>& samples) {
        Utterance utterance(*recognizer_);
        utterance.hear(samples);
        auto outcome = utterance.end();
        EXPECT_EQ(outcome.settled, static_cast<SamplePos>(samples.size()));
        EXPECT_EQ(outcome.hypothesis.text, "");
        EXPECT_EQ(recognizer_->last_progress(), std::nullopt) << "no call is under way";
        return outcome.hypothesis.words;
    }
    std::unique_ptr<Recognizer> recognizer_;
};

TEST_F(SherpaDiarization, TellsWhoSpeaksWhen) {
    // Rows 0 and 3 are the same to the segmentation, so it is the embedding that tells them apart.
    constexpr struct {
        std::size_t row;
        int silence, speaker;
    } kSaid[] = {{0, 1000, 0}, {1, 9000, 1}, {3, 9000, 2}, {0, 1000, 0}, {2, 0, 3}};
    std::vector<std::int16_t> samples;
    std::vector<proto::Word> expected;
    for (const auto& [row, silence, speaker] : kSaid) {
        const auto start = proto::to_millis(static_cast<SamplePos>(samples.size()));
        append_speaker(samples, row);
        expected.push_back({std::to_string(speaker), start, start + Millis(660), 0});
        append_silence(samples, Millis(silence));
    }
    const auto turns = turns_of(samples);
    ASSERT_EQ(turns.size(), expected.size());
    std::map<std::string, std::string> names;
    for (std::size_t i = 0; i < turns.size(); ++i) {
        EXPECT_NEAR(static_cast<double>(turns[i].start.count()),
                    static_cast<double>(expected[i].start.count()), 100);
        EXPECT_NEAR(static_cast<double>(turns[i].end.count()),
                    static_cast<double>(expected[i].end.count()), 100);
        const auto& name = names.emplace(turns[i].text, expected[i].text).first->second;
        EXPECT_EQ(name, expected[i].text) << "turn " << i;
    }
    EXPECT_EQ(names.size(), 4u);
}

TEST_F(SherpaDiarization, SilenceHasNoSpeaker) {
    for (const int length : {0, 50, 3000, 12000}) {
        std::vector<std::int16_t> samples;
        append_silence(samples, Millis(length));
        EXPECT_TRUE(turns_of(samples).empty()) << length;
    }
}

TEST_F(SherpaDiarization, TakesNoText) {
    EXPECT_THROW(recognizer_->create_stream({.carry = {}, .text = "a"}), RecognitionError);
}

TEST_F(SherpaDiarization, ABrokenModelIsOneLineOfError) {
    const auto fault_of = [](const CopiedModel& model) -> std::string {
        try {
            load_sherpa({.library = {}, .model_folder = model.folder()});
            return {};
        } catch (const std::exception& e) {
            return e.what();
        }
    };
    const auto change = [](CopiedModel& model, const std::string& file, const std::string& key) {
        model.change_file(
            file, replaced(content_of(model.folder() / file), key, std::string(key.size(), 'x')));
    };
    CopiedModel segmentation("voices"), embedding("voices"), swapped("voices");
    change(segmentation, "segmentation.onnx", "window_size");
    EXPECT_THAT(fault_of(segmentation), HasSubstr("'segmentation' lacks the number window_size"));
    change(embedding, "embedding.onnx", "output_dim");
    EXPECT_THAT(fault_of(embedding), HasSubstr("output_dim"));
    swapped.change_card("role = \"embedding\"", "role = \"other\"");
    EXPECT_THAT(fault_of(swapped), HasSubstr("has no file 'embedding'"));
}

TEST_F(SherpaDiarization, ItsTraitsAreThoseOfItsKind) {
    EXPECT_EQ(sherpa_traits(model_folder("voices")).longest, proto::kMaxDiarized);
    EXPECT_FALSE(sherpa_traits(model_folder("voices")).takes_text);
    EXPECT_TRUE(sherpa_traits(model_folder("marks")).takes_text);
    EXPECT_EQ(sherpa_traits(model_folder("offline")).longest, proto::kMaxUtterance);
    EXPECT_FALSE(sherpa_traits(model_folder("offline")).takes_text);
    EXPECT_EQ(sherpa_traits("/nonexistent").longest, proto::kMaxUtterance);
}

}  // namespace
}  // namespace tutti::engine::sherpa
