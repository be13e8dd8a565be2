// SPDX-License-Identifier: Apache-2.0
#include "engine/pocketsphinx/pocketsphinx_recognizer.h"

#include "engine/forked_recognizer.h"
#include "engine/pocketsphinx/test_speech.h"

#include <csignal>
#include <gtest/gtest.h>

#include <optional>

namespace tutti::engine {
namespace {

using proto::StreamMode;

struct Way {
    StreamMode mode;
    bool is_forked;
};

std::string name_of(const testing::TestParamInfo<Way>& way) {
    return std::string(way.param.mode == StreamMode::live ? "live" : "whole") +
           (way.param.is_forked ? "Forked" : "Direct");
}

class PocketSphinx : public testing::TestWithParam<Way> {
  protected:
    void SetUp() override {
        if (!std::filesystem::exists(kModel)) GTEST_SKIP() << "no model at " << kModel;
        if (speak("test").empty()) GTEST_SKIP() << "no flite to speak";
        if (GetParam().is_forked) {
            nursery_.emplace([] { return load_pocketsphinx(find_pocketsphinx_model(kModel)); });
            nursery_->wait_until_loaded();
            recognizer_ = std::make_unique<ForkedRecognizer>(*nursery_, GetParam().mode);
        } else {
            recognizer_ = load_pocketsphinx(find_pocketsphinx_model(kModel))(GetParam().mode);
        }
    }
    std::optional<Nursery> nursery_;
    std::unique_ptr<Recognizer> recognizer_;
};

TEST_P(PocketSphinx, HearsWhatWasSaid) {
    std::any carry;
    for (const std::string text :
         {"she had a good day at the office", "please open the door and come inside",
          "the children are playing in the garden"}) {
        const auto samples = speak(text);
        auto outcome = recognize(*recognizer_, samples, 1600, {.carry = carry});
        carry = outcome.carry;
        EXPECT_EQ(outcome.hypothesis.text, text);
        EXPECT_EQ(outcome.settled, static_cast<SamplePos>(samples.size()));
        proto::Millis last{};
        for (const auto& word : outcome.hypothesis.words) {
            EXPECT_GE(word.start, last);
            EXPECT_GT(word.end, word.start);
            EXPECT_GT(word.confidence, 0.f);
            EXPECT_LE(word.confidence, 1.f);
            last = word.end;
        }
        EXPECT_LE(last, proto::to_millis(static_cast<SamplePos>(samples.size())));
        EXPECT_GT(last, proto::to_millis(static_cast<SamplePos>(samples.size())) * 3 / 4);
    }
}

TEST_P(PocketSphinx, OneSpeakerLeavesNoTraceInAnother) {
    const auto samples = speak("please open the door and come inside");
    const auto alone = recognize(*recognizer_, samples, 1600);
    auto loud = speak("she had a good day at the office");
    for (auto& sample : loud) sample = static_cast<std::int16_t>(sample / 20);
    recognize(*recognizer_, loud, 1600);
    const auto after = recognize(*recognizer_, samples, 1600);
    EXPECT_EQ(after.hypothesis, alone.hypothesis);
}

TEST_P(PocketSphinx, NoAudioIsNoWords) {
    EXPECT_EQ(recognize(*recognizer_, {}, 1).hypothesis.text, "");
    EXPECT_EQ(recognize(*recognizer_, std::vector<std::int16_t>(100), 100).hypothesis.text, "");
}

TEST_P(PocketSphinx, AnAbandonedStreamLeavesTheDecoderUsable) {
    const auto samples = speak("the children are playing in the garden");
    {
        auto stream = recognizer_->create_stream({});
        stream->accept_audio(std::span(samples).first(samples.size() / 2));
        RecognizerStream* one = stream.get();
        if (stream->is_ready()) recognizer_->decode({&one, 1});
        const auto heard = GetParam().mode == StreamMode::live ? "the" : "";
        EXPECT_EQ(stream->partial().text.substr(0, 3), heard);
    }
    EXPECT_EQ(recognize(*recognizer_, samples, 1600).hypothesis.text,
              "the children are playing in the garden");
}

INSTANTIATE_TEST_SUITE_P(Ways, PocketSphinx,
                         testing::Values(Way{StreamMode::live, false}, Way{StreamMode::live, true},
                                         Way{StreamMode::whole, false},
                                         Way{StreamMode::whole, true}),
                         name_of);

class ForkedPocketSphinx : public testing::TestWithParam<StreamMode> {
  protected:
    void SetUp() override {
        if (!std::filesystem::exists(kModel)) GTEST_SKIP() << "no model at " << kModel;
        for (const char* text :
             {"she had a good day at the office please open the door and come inside",
              "the children are playing in the garden", "i would like a cup of coffee"})
            utterances_.push_back(speak(text));
        if (utterances_.front().empty()) GTEST_SKIP() << "no flite to speak";
        nursery_.emplace([] { return load_pocketsphinx(find_pocketsphinx_model(kModel)); });
        nursery_->wait_until_loaded();
        recognizer_ = std::make_unique<ForkedRecognizer>(*nursery_, GetParam());
    }
    std::vector<Outcome> recognize_all(Recognizer& recognizer) {
        std::vector<Outcome> outcomes;
        std::any carry;
        for (const auto& samples : utterances_) {
            outcomes.push_back(recognize(recognizer, samples, 1600, {.carry = carry}));
            carry = outcomes.back().carry;
        }
        return outcomes;
    }

    std::vector<std::vector<std::int16_t>> utterances_;
    std::optional<Nursery> nursery_;
    std::unique_ptr<ForkedRecognizer> recognizer_;
};

void expect_same(const Outcome& one, const Outcome& other) {
    const auto carry_of = [](const Outcome& outcome) {
        const auto* carry = std::any_cast<std::string>(&outcome.carry);
        return carry ? *carry : std::string();
    };
    EXPECT_EQ(one.hypothesis, other.hypothesis);  // to the last bit of each confidence
    EXPECT_EQ(one.settled, other.settled);
    EXPECT_EQ(carry_of(one), carry_of(other));
}

TEST_P(ForkedPocketSphinx, HearsExactlyWhatADecoderOfItsOwnDoes) {
    const auto forked = recognize_all(*recognizer_);
    const auto direct =
        recognize_all(*load_pocketsphinx(find_pocketsphinx_model(kModel))(GetParam()));
    ASSERT_EQ(forked.size(), direct.size());
    for (std::size_t n = 0; n < direct.size(); ++n) expect_same(forked[n], direct[n]);
}

TEST_P(ForkedPocketSphinx, AKillInMidUtteranceChangesNothing) {
    const auto undisturbed = recognize(*recognizer_, utterances_.front(), 1600);
    const auto worker = recognizer_->worker_pid();
    const std::span samples(utterances_.front());
    const auto stream = recognizer_->create_stream({});
    RecognizerStream* one = stream.get();
    for (std::size_t at = 0; at < samples.size(); at += 1600) {
        stream->accept_audio(samples.subspan(at, std::min<std::size_t>(1600, samples.size() - at)));
        while (stream->is_ready()) recognizer_->decode({&one, 1});
        if (at == 16'000) ::kill(worker, SIGKILL);
    }
    stream->input_finished(Ending::complete);
    while (stream->is_ready()) recognizer_->decode({&one, 1});
    expect_same(stream->result(), undisturbed);
    // A whole utterance had nothing in the worker yet: it is replaced before it is needed.
    EXPECT_NE(recognizer_->worker_pid(), worker);
}

INSTANTIATE_TEST_SUITE_P(Modes, ForkedPocketSphinx,
                         testing::Values(StreamMode::live, StreamMode::whole),
                         [](const auto& mode) {
                             return mode.param == StreamMode::live ? "live" : "whole";
                         });

TEST(PocketSphinxModel, AMissingFileIsNamed) {
    try {
        find_pocketsphinx_model("/nowhere/xx");
        FAIL();
    } catch (const std::runtime_error& e) {
        EXPECT_NE(std::string(e.what()).find("/nowhere/xx/xx/mdef"), std::string::npos);
    }
}

}  // namespace
}  // namespace tutti::engine
