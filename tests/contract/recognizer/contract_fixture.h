// SPDX-License-Identifier: Apache-2.0
// What the tests of the contract share: the backend under test, and how outcomes are compared.
#pragma once

#include "recognizer/backends.h"
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

namespace tutti::engine::contract {

using proto::Millis;
using proto::to_millis;
using Samples = std::vector<std::int16_t>;
using Streams = std::vector<std::unique_ptr<RecognizerStream>>;

inline const std::map<Kind, const char*> kNames = {
    {Kind::pocketsphinx_whole, "PocketSphinxWhole"},
    {Kind::pocketsphinx_forked, "PocketSphinxForked"},
    {Kind::sherpa_streaming, "SherpaStreaming"},
    {Kind::sherpa_offline, "SherpaOffline"},
    {Kind::tone, "Tone"},
    {Kind::upstream, "Upstream"}};

SamplePos length_of(const auto& samples) {
    return static_cast<SamplePos>(samples.size());
}

// Words of the audio from `earliest` on up to `length`: in order, none of them twice.
inline void expect_times(const std::vector<proto::Word>& words, Millis earliest, Millis length) {
    auto last = earliest;
    for (const auto& word : words) {
        EXPECT_FALSE(word.text.empty());
        EXPECT_GE(word.start, last) << word.text;
        EXPECT_GT(word.end, word.start) << word.text;
        EXPECT_LE(word.end, length) << word.text;
        EXPECT_GE(word.confidence, 0.f) << word.text;
        EXPECT_LE(word.confidence, 1.f) << word.text;
        last = word.end;
    }
}

// Words are in lower case, whatever the text is in.
inline std::string lower(std::string text) {
    for (auto& c : text)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return text;
}

inline std::string joined(const std::vector<proto::Word>& words) {
    std::string text;
    for (const auto& word : words) text += (text.empty() ? "" : " ") + lower(word.text);
    return text;
}

inline std::string joined(const std::string& before, const std::string& after) {
    return before + (before.empty() || after.empty() ? "" : " ") + after;
}

class RecognizerContract : public testing::TestWithParam<Kind> {
  protected:
    void SetUp() override {
        try {
            backend_ = make_backend(GetParam());
            recognizer_ = backend_->recognizer();
        } catch (const std::exception& e) {
            FAIL() << "this backend cannot run here: " << e.what();
        }
    }
    // REQUIRES: no utterance is under way.
    void expect_well() {
        const auto speech = backend_->speech(0);
        EXPECT_EQ(recognize(*recognizer_, speech.samples).hypothesis.text, speech.text);
    }
    void expect_same(const Outcome& one, const Outcome& other) {
        EXPECT_EQ(one.settled, other.settled);
        if (backend_->traits.is_exact)
            EXPECT_EQ(one.hypothesis, other.hypothesis);
        else
            EXPECT_EQ(one.hypothesis.text, other.hypothesis.text);
    }
    // Speech in parts, each but the last cut off while it goes on: what they hear together, word
    // times of the whole.
    Hypothesis recognize_in_parts(const Samples& samples, std::vector<std::size_t> cuts) {
        Hypothesis all;
        std::any carry;
        std::size_t from = 0;
        cuts.push_back(samples.size());
        for (const auto to : cuts) {
            const auto part = std::span(samples).subspan(from, to - from);
            const auto ending = to == samples.size() ? Ending::complete : Ending::cut;
            auto outcome =
                recognize(*recognizer_, part, {.pieces = {1600}, .asks = true, .ending = ending},
                          {.carry = std::move(carry), .continues = from > 0});
            EXPECT_LE(outcome.settled, length_of(part));
            if (ending == Ending::complete) {
                EXPECT_EQ(outcome.settled, length_of(part));
            }
            all.text = joined(all.text, outcome.hypothesis.text);
            const auto origin = to_millis(static_cast<SamplePos>(from));
            for (auto& word : outcome.hypothesis.words) {
                EXPECT_LE(word.end, to_millis(outcome.settled) + Millis(50)) << word.text;
                all.words.push_back(word);
                all.words.back().start += origin;
                all.words.back().end += origin;
            }
            carry = std::move(outcome.carry);
            from = to;
        }
        return all;
    }

    std::unique_ptr<Backend> backend_;
    std::unique_ptr<Recognizer> recognizer_;
};

// The name of one instance.
inline std::string name_of(const testing::TestParamInfo<Kind>& one) {
    return kNames.at(one.param);
}

}  // namespace tutti::engine::contract
