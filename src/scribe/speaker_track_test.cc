// SPDX-License-Identifier: Apache-2.0
// What becomes of a file's speakers when nobody tells them; that they are told is seen where a
// model is (tests/system/models).
#include "scribe/speaker_track.h"

#include <gtest/gtest.h>

namespace tutti::scribe {
namespace {

using std::chrono::steady_clock;

constexpr std::chrono::seconds kEngineWait{30};

class SpeakerTrackTest : public testing::Test {
  protected:
    ~SpeakerTrackTest() override {
        engines.shut_down();
        loop.run();
    }
    SpeakerTrack track(bool is_needed) {
        proto::Submit submit;
        submit.speaker_model = "voices";
        submit.needs_speakers = is_needed;
        return SpeakerTrack(engines, submit, kEngineWait, [] {});
    }
    static void push_minutes(SpeakerTrack& track, int minutes) {
        const std::vector<std::int16_t> minute(60 * proto::kSampleRate, 1);
        for (int i = 0; i < minutes; ++i) track.push(minute);
    }

    boost::asio::io_context loop;
    runtime::Scoreboard board = runtime::Scoreboard::create().value();
    dispatch::Engines engines{loop, board.slot(0)};
};

TEST_F(SpeakerTrackTest, NoAudioHasNoSpeakers) {
    auto none = track(true);
    none.finish();
    EXPECT_TRUE(none.is_over());
    EXPECT_FALSE(none.failure());
    EXPECT_TRUE(none.turns().empty());
}

TEST_F(SpeakerTrackTest, AudioBeyondTheLimitFailsIfTheyAreNeeded) {
    auto needed = track(true), wanted = track(false);
    for (auto* one : {&needed, &wanted}) {
        push_minutes(*one, 60);
        EXPECT_FALSE(one->is_over());
        one->push(std::vector<std::int16_t>{1});
        EXPECT_TRUE(one->is_over());
        push_minutes(*one, 1);
        one->finish();
        one->advance(steady_clock::now());
    }
    EXPECT_EQ(needed.failure()->errc(), Errc::too_long);
    EXPECT_FALSE(wanted.failure());
    EXPECT_TRUE(wanted.turns().empty());
}

TEST_F(SpeakerTrackTest, AnEngineIsWaitedForSoLong) {
    auto needed = track(true);
    push_minutes(needed, 1);
    needed.finish();
    const auto now = steady_clock::now();
    needed.advance(now);
    needed.advance(now + kEngineWait / 2);
    EXPECT_FALSE(needed.is_over());
    needed.advance(now + kEngineWait + std::chrono::seconds(1));
    EXPECT_TRUE(needed.is_over());
    EXPECT_EQ(needed.failure()->errc(), Errc::unavailable);
}

TEST_F(SpeakerTrackTest, AModelThatCannotBeLoadedIsNotWaitedFor) {
    engines.update({.peers = {},
                    .models = {{.id = "voices",
                                .state = proto::ModelState::failed,
                                .may_be_asked_for = false,
                                .why = "it broke"}}});
    auto needed = track(true);
    push_minutes(needed, 1);
    needed.finish();
    needed.advance(steady_clock::now());
    ASSERT_TRUE(needed.failure());
    EXPECT_NE(needed.failure()->message().find("it broke"), std::string::npos);
}

}  // namespace
}  // namespace tutti::scribe
