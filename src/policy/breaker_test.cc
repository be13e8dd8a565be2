// SPDX-License-Identifier: Apache-2.0
#include "policy/breaker.h"

#include <gtest/gtest.h>

namespace tutti::policy {
namespace {

using std::chrono::milliseconds;
using State = Breaker::State;

class BreakerTest : public testing::Test {
  protected:
    void report(bool has_succeeded, int times = 1) {
        for (; times > 0; --times) {
            const auto ticket = breaker.admit(now);
            ASSERT_TRUE(ticket);
            breaker.on_result(now, *ticket, has_succeeded);
        }
    }
    void pass(int ms) { now += milliseconds(ms); }

    Breaker::TimePoint now{};
    Breaker breaker{{.consecutive_failures = 3,
                     .failure_share = 0.5,
                     .window = 8,
                     .pause = milliseconds(1000),
                     .longest_pause = milliseconds(3000)}};
};

TEST_F(BreakerTest, OpensAfterFailuresInARow) {
    report(false, 2);
    report(true);
    report(false, 2);
    EXPECT_EQ(breaker.state(), State::closed);
    report(false);
    EXPECT_EQ(breaker.state(), State::open);
    EXPECT_FALSE(breaker.admit(now));
    EXPECT_EQ(breaker.time_left(now), milliseconds(1000));
}

TEST_F(BreakerTest, OpensWhenTooManyOfTheLatestFailed) {
    for (int i = 0; i < 3; ++i) {
        report(true);
        report(false);
    }
    report(true);
    EXPECT_EQ(breaker.state(), State::closed);
    report(false);
    EXPECT_EQ(breaker.state(), State::open);
}

TEST_F(BreakerTest, AFewFailuresAmongManySuccessesAreBorne) {
    for (int i = 0; i < 100; ++i) {
        report(true, 3);
        report(false);
    }
    EXPECT_EQ(breaker.state(), State::closed);
}

TEST_F(BreakerTest, OneProbeAtATimeAfterThePause) {
    report(false, 3);
    pass(999);
    EXPECT_FALSE(breaker.admit(now));
    pass(1);
    const auto probe = breaker.admit(now);
    ASSERT_TRUE(probe);
    EXPECT_FALSE(breaker.admit(now));
    breaker.on_result(now, *probe, true);
    EXPECT_EQ(breaker.state(), State::closed);
    EXPECT_TRUE(breaker.admit(now));
}

TEST_F(BreakerTest, AFailedProbeDoublesThePauseUpToItsLimit) {
    report(false, 3);
    for (int pause : {1000, 2000, 3000, 3000}) {
        EXPECT_EQ(breaker.time_left(now), milliseconds(pause));
        pass(pause);
        report(false);
    }
    pass(3000);
    report(true);
    report(false, 3);
    EXPECT_EQ(breaker.time_left(now), milliseconds(1000));
}

TEST_F(BreakerTest, AnAbandonedProbeLetsTheNextOneTry) {
    report(false, 3);
    pass(1000);
    const auto probe = breaker.admit(now);
    ASSERT_TRUE(probe);
    breaker.on_abandoned(*probe);
    EXPECT_TRUE(breaker.admit(now));
}

TEST_F(BreakerTest, LateResultsChangeNothing) {
    const auto early = breaker.admit(now);
    ASSERT_TRUE(early);
    report(false, 3);
    breaker.on_result(now, *early, true);
    EXPECT_EQ(breaker.state(), State::open);
    pass(1000);
    const auto probe = breaker.admit(now);
    ASSERT_TRUE(probe);
    breaker.on_result(now, *early, false);
    breaker.on_abandoned(*early);
    EXPECT_EQ(breaker.state(), State::probing);
    breaker.on_result(now, *probe, true);
    EXPECT_EQ(breaker.state(), State::closed);
}

}  // namespace
}  // namespace tutti::policy
