// SPDX-License-Identifier: Apache-2.0
#include "policy/session_fixture.h"

namespace tutti::policy {
namespace {

TEST_F(SessionTest, BetweenUtterancesAStreamLeavesAtOnce) {
    open();
    machine.on_leave();
    EXPECT_EQ(actions(), "end-input");
    machine.on_leave();
    EXPECT_EQ(actions(), "") << "once";
    machine.on_finish();
    EXPECT_EQ(actions(), "finish") << "what has no verdict yet is heard to its end";
}

TEST_F(SessionTest, WithoutAudioAStreamLeavesWithoutAnEngine) {
    machine.on_leave();
    machine.on_finish();
    EXPECT_EQ(actions(), "end-input finished@0");
}

TEST_F(SessionTest, InMidUtteranceAStreamLeavesAfterTheFinal) {
    open();
    machine.on_message(proto::SpeechStarted{{}, 16});
    (void)actions();
    machine.on_leave();
    EXPECT_EQ(actions(), "");
    auto cut = final_of("one", 50);
    cut.cause = proto::FinalCause::length;
    machine.on_message(cut);
    EXPECT_EQ(actions(), "final:one") << "the utterance goes on after a cut";
    machine.on_message(final_of("two", 90));
    EXPECT_EQ(actions(), "final:two end-input");
}

TEST_F(SessionTest, ASpeakerIsInterruptedOnlyWhenThereIsNoMoreTime) {
    open();
    machine.on_message(proto::SpeechStarted{{}, 16});
    machine.on_leave();
    (void)actions();
    machine.on_leave_now();
    EXPECT_EQ(actions(), "end-input");
    machine.on_finish();
    EXPECT_EQ(actions(), "finish");
    machine.on_message(final_of("one", 100));
    EXPECT_EQ(actions(), "final:one");
}

TEST_F(SessionTest, AStreamThatItsClientFinishesIsNotToldToLeave) {
    open();
    machine.on_finish();
    (void)actions();
    machine.on_leave_now();
    EXPECT_EQ(actions(), "");
}

}  // namespace
}  // namespace tutti::policy
