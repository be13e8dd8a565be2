// SPDX-License-Identifier: Apache-2.0
#include "policy/speakers.h"

#include <gtest/gtest.h>

namespace tutti::policy {
namespace {

using proto::Millis;
using proto::Turn;

Turn turn(int start, int end, int speaker) {
    return {Millis(start), Millis(end), speaker};
}

int speaker_at(std::vector<Turn> turns, int start, int end) {
    proto::Utterance utterance;
    utterance.words = {{"w", Millis(start), Millis(end), 1}};
    utterance.start = Millis(start);
    utterance.end = Millis(end);
    proto::Transcript transcript;
    transcript.utterances = {utterance};
    transcript.turns = std::move(turns);
    assign_speakers(transcript);
    EXPECT_EQ(transcript.utterances[0].speaker, transcript.utterances[0].words[0].speaker);
    return transcript.utterances[0].words[0].speaker;
}

TEST(Speakers, AWordIsWhoseTurnsShareMostOfItsTime) {
    const std::vector<Turn> turns = {turn(0, 1000, 0), turn(900, 2000, 1), turn(1200, 1300, 2),
                                     turn(1300, 1400, 2), turn(5000, 6000, 0)};
    struct Case {
        const char* what;
        int start, end, speaker;
    };
    const Case cases[] = {
        {"inside", 100, 200, 0},
        {"across a border", 800, 1150, 1},
        {"before the border", 700, 1050, 0},
        {"a turn inside another", 1200, 1300, 1},
        {"in no turn, after one", 2100, 2200, 1},
        {"in no turn, before one", 4500, 4700, 0},
        {"in the middle of a gap", 3490, 3510, 1},
        {"after all", 7000, 7100, 0},
        {"without a length", 500, 500, 0},
        {"longer than all turns", 0, 9000, 0},
    };
    for (const auto& one : cases)
        EXPECT_EQ(speaker_at(turns, one.start, one.end), one.speaker) << one.what;
}

TEST(Speakers, BeforeAllTurnsTheFirstIsTheNearest) {
    EXPECT_EQ(speaker_at({turn(1000, 2000, 7), turn(3000, 4000, 8)}, 100, 200), 0);
}

TEST(Speakers, ALongTurnReachesBehindLaterOnes) {
    EXPECT_EQ(speaker_at({turn(0, 10000, 0), turn(100, 200, 1), turn(300, 400, 2)}, 8000, 8100), 0);
}

TEST(Speakers, AreNumberedByTheirFirstTurns) {
    const std::vector<Turn> turns = {turn(0, 100, 5), turn(100, 200, 2), turn(200, 300, 5)};
    EXPECT_EQ(speaker_at(turns, 0, 100), 0);
    EXPECT_EQ(speaker_at(turns, 100, 200), 1);
    EXPECT_EQ(speaker_at(turns, 200, 300), 0);
}

TEST(Speakers, WithoutTurnsThereAreNone) {
    EXPECT_EQ(speaker_at({}, 0, 100), proto::kNoSpeaker);
}

}  // namespace
}  // namespace tutti::policy
