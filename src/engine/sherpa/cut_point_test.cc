// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/cut_point.h"

#include "engine/sherpa/tone_speech.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace tutti::engine::sherpa {
namespace {

using proto::Millis;
using proto::to_samples;
using Samples = std::vector<std::int16_t>;
using Ends = std::vector<std::size_t>;

SamplePos length_of(const Samples& samples) {
    return static_cast<SamplePos>(samples.size());
}

// Letters of 200 ms each, and the tokens a model told of them.
Heard told(std::size_t count) {
    Heard heard{.text = "told", .tokens = {}};
    for (std::size_t i = 0; i < count; ++i)
        heard.tokens.push_back({"▁x", kLetterPeriod * static_cast<int>(i), {}, {}});
    return heard;
}

TEST(CutPoint, WordsWithoutTimesAreToldWholeAndOnce) {
    auto samples = speak_tones("abcdefgh");
    samples.resize(samples.size() - 1280);  // in the middle of sound
    const Heard heard{.text = "all of it", .tokens = {}};
    EXPECT_EQ(find_cut(heard, TokenStyle::pieces, samples, length_of(samples)),
              (CutPoint{0, length_of(samples)}));
    EXPECT_LT(find_cut({}, TokenStyle::pieces, samples, length_of(samples)).settled,
              length_of(samples))
        << "of what gave no word, the end is heard again";
}

// The word that is set aside is set aside whole, and of the one before it nothing.
TEST(CutPoint, LiesInThePauseBeforeTheLastWord) {
    const auto all = speak_tones("abcd");
    for (auto at = Millis(650); at < Millis(720); at += Millis(10)) {
        const Samples samples(all.begin(), all.begin() + to_samples(at));
        const auto cut = find_cut(told(4), TokenStyle::pieces, samples, length_of(samples));
        EXPECT_EQ(cut.tokens, 3u);
        EXPECT_GE(cut.settled, to_samples(Millis(520))) << at.count();
        EXPECT_LE(cut.settled, to_samples(Millis(600))) << at.count();
    }
}

TEST(CutPoint, TheQuietestMomentIsFound) {
    Samples samples(8000, 1000);
    EXPECT_EQ(quietest_in(samples), 160u) << "the first of equals";
    std::fill(samples.begin() + 4000, samples.begin() + 4400, std::int16_t{0});
    EXPECT_GE(quietest_in(samples), 4160u);
    EXPECT_LE(quietest_in(samples), 4240u);
    EXPECT_EQ(quietest_in({}), 0u);
    EXPECT_EQ(quietest_in(std::span(samples).first(100)), 50u);
}

TEST(Split, WhatFitsStaysWhole) {
    EXPECT_EQ(split(Samples(1000), 1000), (Ends{1000}));
    EXPECT_EQ(split(Samples(1), 1000), (Ends{1}));
}

TEST(Split, PartsFitAndAreCutWhereItIsQuiet) {
    const auto samples = speak_tones("abcdefghabcdefghabcdefgh");
    constexpr std::size_t kMost = 16000;
    std::size_t from = 0;
    for (const auto end : split(samples, kMost)) {
        ASSERT_GT(end, from);
        EXPECT_LE(end - from, kMost);
        const auto in_letter = end % static_cast<std::size_t>(to_samples(kLetterPeriod));
        if (end != samples.size()) {
            EXPECT_GE(in_letter, static_cast<std::size_t>(to_samples(kToneLength)));
            EXPECT_GE(end - from, kMost * 3 / 4);
        }
        from = end;
    }
    EXPECT_EQ(from, samples.size());
}

TEST(Split, NoSoundIsTooLong) {
    const Samples samples(100'001, 5000);
    std::size_t from = 0;
    for (const auto end : split(samples, 16000)) {
        EXPECT_GT(end, from);
        EXPECT_LE(end - from, 16000u);
        from = end;
    }
    EXPECT_EQ(from, samples.size());
}

}  // namespace
}  // namespace tutti::engine::sherpa
