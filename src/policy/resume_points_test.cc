// SPDX-License-Identifier: Apache-2.0
#include "policy/resume_points.h"

#include "policy/session_fixture.h"

namespace tutti::policy {
namespace {

TellFinal final_up_to(SamplePos closes, Millis last_word_end) {
    TellFinal final;
    final.utterance.words = {{"a", Millis(0), last_word_end, 1}};
    final.closes = closes;
    return final;
}

TEST(ResumePoints, CountFinalsAndWhatTheyClose) {
    ResumePoints points({}, 16000);
    EXPECT_EQ(points.start(), 0);
    for (std::uint32_t n = 0; n < 3; ++n) {
        const auto closed = points.on_final(final_up_to((n + 1) * 16000, Millis(1000 * n + 900)));
        EXPECT_EQ(closed.segment, n);
        EXPECT_EQ(closed.offset, (n + 1) * 16000);
    }
    EXPECT_EQ(points.claims().segment, 3u);
    EXPECT_EQ(points.claims().told_up_to, Millis(2900));
}

TEST(ResumePoints, GoOnWithinSilence) {
    ResumePoints points({}, 16000);
    (void)points.on_final(final_up_to(16000, Millis(900)));
    points.on_settled(20000);
    EXPECT_EQ(points.claims().offset, 20000);
    points.on_settled(18000);
    EXPECT_EQ(points.claims().offset, 20000) << "never back";
    EXPECT_EQ(points.claims().segment, 1u);
}

TEST(ResumePoints, GoOnFromATokenWithItsNumberAndClock) {
    ResumePoints points({.segment = 5, .offset = 48000, .told_up_to = Millis(900)}, 48000);
    EXPECT_EQ(points.start(), 16000);
    const auto closed = points.on_final(final_up_to(32000, Millis(1900)));
    EXPECT_EQ(closed.segment, 5u);
    EXPECT_EQ(closed.offset, 96000);
}

// However often a client comes back, its own samples are what counts: nothing adds up.
TEST(ResumePoints, RoundingNeverAddsUp) {
    for (const int rate : {8000, 11025, 16000, 22050, 44100, 48000}) {
        std::int64_t offset = 0;
        SamplePos before = 0;
        for (int connection = 0; connection < 1000; ++connection) {
            ResumePoints points({.offset = offset}, rate);
            const double exact = static_cast<double>(offset) * kSampleRate / rate;
            ASSERT_LT(std::abs(exact - static_cast<double>(points.start())), 1) << rate;
            ASSERT_LE(points.start(), before + 1) << "audio would be left out at " << rate;
            before = points.start() + 12347;
            offset = points.on_final(final_up_to(before, Millis(0))).offset;
        }
    }
}

class ResumedSession : public SessionTest {
  protected:
    ResumedSession() { machine = SessionMachine({.start = 160000}); }
};

TEST_F(ResumedSession, HearsOnFromWhereTheClientBegins) {
    audio(100);
    EXPECT_EQ(actions(), "want");
    machine.on_engine_found(1);
    EXPECT_EQ(actions(), "open@160000");
    machine.on_message(proto::Opened{});
    EXPECT_EQ(actions(), "audio@160000+100");
    machine.on_message(final_of("one", 160050));
    const auto told = machine.take_actions();
    ASSERT_EQ(told.size(), 1u);
    EXPECT_EQ(std::get<TellFinal>(told[0]).closes, 160050);
    EXPECT_EQ(machine.settled(), 160050);
}

TEST_F(ResumedSession, IsReplayedFromThereWhenItsEngineDies) {
    audio(100);
    machine.on_engine_found(1);
    machine.on_message(proto::Opened{});
    machine.on_message(proto::SpeechStarted{.at = 160010});
    (void)actions();
    machine.on_engine_lost();
    machine.on_engine_found(2);
    machine.on_message(proto::Opened{});
    EXPECT_EQ(actions(), "want open@160000 audio@160000+100");
}

TEST_F(ResumedSession, ThatHasNothingLeftEndsWithoutAnEngine) {
    machine.on_finish();
    EXPECT_EQ(actions(), "finished@10000");
}

}  // namespace
}  // namespace tutti::policy
