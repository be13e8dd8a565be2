// SPDX-License-Identifier: Apache-2.0
#include "policy/transcript_assembly.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

namespace tutti::policy {
namespace {

proto::Utterance said(std::string text) {
    return {.text = std::move(text)};
}

// The texts that are ready, joined.
std::string ready(TranscriptAssembly& assembly) {
    std::string text;
    while (const auto utterance = assembly.next()) text += utterance->text;
    return text;
}

TEST(TranscriptAssembly, HandsOutInTheFilesOrder) {
    TranscriptAssembly assembly;
    for (int i = 0; i < 4; ++i) EXPECT_EQ(assembly.add(i * 100), static_cast<std::size_t>(i));
    assembly.put(2, said("c"));
    assembly.put(1, said("b"));
    EXPECT_EQ(ready(assembly), "");
    assembly.put(0, said("a"));
    EXPECT_EQ(ready(assembly), "abc");
    EXPECT_EQ(assembly.held(), 1u);
    assembly.put(3, said("d"));
    EXPECT_EQ(ready(assembly), "d");
    EXPECT_EQ(assembly.held(), 0u);
}

TEST(TranscriptAssembly, AnEmptySegmentYieldsNothingAndStopsNothing) {
    TranscriptAssembly assembly;
    for (int i = 0; i < 3; ++i) assembly.add(i);
    assembly.put(0, said("a"));
    assembly.put(1, {});
    assembly.put(2, said("c"));
    EXPECT_EQ(ready(assembly), "ac");
}

TEST(TranscriptAssembly, TellsHowFarTheTextIsKnown) {
    TranscriptAssembly assembly;
    assembly.note_cut_up_to(50);
    EXPECT_EQ(assembly.recognised(), 50) << "silence is known at once";
    assembly.add(60);
    assembly.add(100);
    assembly.note_cut_up_to(200);
    EXPECT_EQ(assembly.recognised(), 60);
    assembly.put(1, said("b"));
    EXPECT_EQ(assembly.recognised(), 60);
    assembly.put(0, said("a"));
    EXPECT_EQ(assembly.recognised(), 200);
    ready(assembly);
    EXPECT_EQ(assembly.recognised(), 200);
}

TEST(TranscriptAssembly, AnyOrderOfResultsGivesTheSameText) {
    std::mt19937 random(7);
    for (int round = 0; round < 100; ++round) {
        TranscriptAssembly assembly;
        std::vector<std::size_t> order;
        std::string expected, text;
        for (char c = 'a'; c <= 'z'; ++c) {
            order.push_back(assembly.add(c));
            expected += c;
        }
        std::ranges::shuffle(order, random);
        for (const auto index : order) {
            assembly.put(index, said(std::string(1, static_cast<char>('a' + index))));
            text += ready(assembly);
        }
        EXPECT_EQ(text, expected);
    }
}

// A second scribe may cut a file elsewhere than the one that died.
TEST(NewsAfter, OnlyWordsBehindWhatWasToldAreNews) {
    const proto::Utterance both{.text = "one two",
                                .words = {{"one", proto::Millis(100), proto::Millis(300), 1},
                                          {"two", proto::Millis(1200), proto::Millis(1500), 1}},
                                .start = proto::Millis(0),
                                .end = proto::Millis(2000)};
    EXPECT_EQ(news_after(proto::Millis(0), both), both);
    const auto second = news_after(proto::Millis(1000), both);
    ASSERT_TRUE(second);
    EXPECT_EQ(second->text, "two");
    EXPECT_EQ(second->words.size(), 1u);
    EXPECT_EQ(second->start, proto::Millis(1000));
    EXPECT_EQ(news_after(proto::Millis(1300), both), std::nullopt);
    EXPECT_EQ(news_after(proto::Millis(2000), both), std::nullopt);
    auto without_times = both;
    without_times.words.clear();
    EXPECT_EQ(news_after(proto::Millis(1000), without_times)->text, "one two") << "nothing is lost";
}

}  // namespace
}  // namespace tutti::policy
