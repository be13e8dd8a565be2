// SPDX-License-Identifier: Apache-2.0
// The real host with the tone backend, spoken to over its socket.
#include "engine/host_fixture.h"

namespace tutti::engine {
namespace {

using namespace test;
using proto::FinalCause;
using proto::Millis;

class HostOfOneTest : public HostTest {
  protected:
    HostOfOneTest() : HostTest(1) {}
};

TEST_F(HostTest, DigitsComeBackWithTheirTimes) {
    auto client = connect();
    client.open(kRef);
    ASSERT_TRUE(client.await<proto::Opened>());
    client.audio(kRef, std::vector<std::int16_t>(16000));
    client.audio(kRef, with_silence(generate_dtmf("159*"), 2));
    const auto started = client.await<proto::SpeechStarted>();
    ASSERT_TRUE(started);
    EXPECT_NEAR(static_cast<double>(started->at), 0.7 * 16000, 800);
    client.send(proto::Finish{kRef});
    ASSERT_TRUE(client.await<proto::Finished>());
    ASSERT_EQ(client.finals.size(), 1u);
    const auto& utterance = client.finals[0].utterance;
    EXPECT_EQ(client.finals[0].cause, FinalCause::endpoint);
    EXPECT_EQ(utterance.text, "1 5 9 *");
    for (std::size_t i = 0; i < 4; ++i) {
        const auto start = 1000 + 100 * static_cast<int>(i);
        EXPECT_NEAR(static_cast<double>(utterance.words[i].start.count()), start, 10);
        EXPECT_NEAR(static_cast<double>(utterance.words[i].end.count()), start + 50, 10);
    }
    EXPECT_GE(client.settled, seconds(2));
}

TEST_F(HostTest, AFlushInTheMiddleOfADigitLosesAndDoublesNothing) {
    const std::string sent = "7080990";
    const auto samples = with_silence(generate_dtmf(sent), 1);
    for (std::size_t at = 5000; at < 6600; at += 111) {
        auto client = connect();
        client.open(kRef);
        client.audio(kRef, std::span(samples).first(at));
        client.send(proto::Flush{kRef});
        client.audio(kRef, std::span(samples).subspan(at));
        client.send(proto::Finish{kRef});
        ASSERT_TRUE(client.await<proto::Flushed>());
        ASSERT_TRUE(client.await<proto::Finished>());
        EXPECT_EQ(client.digits(), sent) << at;
        EXPECT_EQ(client.finals[0].cause, FinalCause::flush);
    }
}

TEST_F(HostTest, DigitsWithoutAPauseForAMinuteAreCutAndExact) {
    std::string sent;
    for (int i = 0; i < 700; ++i) sent += kDtmfDigits[static_cast<std::size_t>(i * 7 % 16)];
    auto client = connect();
    client.open(kRef);
    client.audio(kRef, generate_dtmf(sent, {.tone = Millis(49), .gap = Millis(44)}));
    client.send(proto::Finish{kRef});
    ASSERT_TRUE(client.await<proto::Finished>());
    EXPECT_EQ(client.digits(), sent);
    ASSERT_GE(client.finals.size(), 3u);
    EXPECT_EQ(client.finals[0].cause, FinalCause::length);
    EXPECT_EQ(client.finals.back().cause, FinalCause::finish);
    EXPECT_GT(client.partials, 0);
}

TEST_F(HostTest, ReplayFromConsumedUpToGivesTheSameDigits) {
    std::string sent = "123456789*0#ABCD123";
    auto samples = with_silence(generate_dtmf("123456789*0#"), 1);
    const auto tail = with_silence(generate_dtmf("ABCD123"), 1);
    samples.insert(samples.end(), tail.begin(), tail.end());
    for (SamplePos flush_at : {2000, 4321, 7777, 11111}) {
        auto first = connect();
        first.open(kRef);
        first.audio(kRef, std::span(samples).first(static_cast<std::size_t>(flush_at)));
        first.send(proto::Flush{kRef});
        first.audio(kRef, std::span(samples).subspan(static_cast<std::size_t>(flush_at), 3000));
        ASSERT_TRUE(first.await<proto::Flushed>());
        const auto consumed = first.finals.at(0).consumed_up_to;
        ASSERT_LE(consumed, flush_at);

        auto second = connect();
        const StreamRef again{1, 2};
        second.open(again, StreamMode::live, consumed);
        second.audio(again, std::span(samples).subspan(static_cast<std::size_t>(consumed)));
        second.send(proto::Finish{again});
        ASSERT_TRUE(second.await<proto::Finished>());
        EXPECT_EQ(first.digits() + second.digits(), sent) << flush_at;
    }
}

TEST_F(HostTest, AWholeSegmentGetsOneFinal) {
    std::string sent(250, '8');
    auto client = connect();
    client.open(kRef, StreamMode::whole, seconds(60));
    client.audio(kRef, with_silence(generate_dtmf(sent), 3));
    client.send(proto::Finish{kRef});
    ASSERT_TRUE(client.await<proto::Finished>());
    ASSERT_EQ(client.finals.size(), 1u);
    EXPECT_EQ(client.digits(), sent);
    EXPECT_EQ(client.finals[0].utterance.start, Millis(60000));
    EXPECT_EQ(client.finals[0].consumed_up_to, seconds(88));
}

TEST_F(HostTest, ATextToAlignIsRefusedByABackendThatCannot) {
    auto client = connect();
    client.send(proto::Open{.ref = kRef, .mode = StreamMode::whole, .text = "one"});
    const auto refused = client.await<proto::Refused>();
    ASSERT_TRUE(refused);
    EXPECT_EQ(refused->cause, Errc::bad_request);
    client.open({2, 1}, StreamMode::whole);
    EXPECT_TRUE(client.await<proto::Opened>());
}

TEST_F(HostTest, ImpossibleAlignmentsEndTheConnection) {
    auto live = connect();
    live.send(proto::Open{.ref = kRef, .mode = StreamMode::live, .text = "one"});
    EXPECT_TRUE(live.is_closed_by_engine());
    auto endless = connect();
    endless.send(proto::Open{
        .ref = kRef, .mode = StreamMode::whole, .text = std::string(proto::kMaxText + 1, 'a')});
    EXPECT_TRUE(endless.is_closed_by_engine());
}

TEST_F(HostTest, ManyStreamsShareOneConnection) {
    auto client = connect();
    const auto samples = generate_dtmf("13579");
    for (std::uint32_t i = 0; i < 50; ++i) client.open({i, i});
    for (std::uint32_t i = 0; i < 50; ++i) client.send_audio({i, i}, 0, samples);
    for (std::uint32_t i = 0; i < 50; ++i) client.send(proto::Finish{{i, i}});
    for (int i = 0; i < 50; ++i) ASSERT_TRUE(client.await<proto::Finished>());
    ASSERT_EQ(client.finals.size(), 50u);
    for (const auto& final : client.finals) {
        EXPECT_EQ(final.utterance.text, "1 3 5 7 9");
        EXPECT_EQ(final.ref.stream, final.ref.epoch);
    }
}

TEST_F(HostTest, AfterACancelNothingMoreIsSaid) {
    auto client = connect();
    client.open(kRef);
    client.audio(kRef, generate_dtmf("5555"));
    client.send(proto::Cancel{kRef});
    client.send(proto::Cancel{kRef});
    client.open({1, 2});
    while (const auto opened = client.await<proto::Opened>())
        if (opened->ref.epoch == 2) break;
    client.send(proto::Finish{{1, 2}});
    ASSERT_TRUE(client.await<proto::Finished>());
    EXPECT_TRUE(client.finals.empty());
}

struct Violation {
    const char* name;
    void (*commit)(TestClient&);
};

class HostViolationTest : public HostTest, public testing::WithParamInterface<Violation> {};

TEST_P(HostViolationTest, ClosesTheConnectionAndNoOther) {
    auto other = connect();
    other.open(kRef);
    auto client = connect();
    client.open(kRef);
    GetParam().commit(client);
    EXPECT_TRUE(client.is_closed_by_engine());
    other.send(proto::Finish{kRef});
    EXPECT_TRUE(other.await<proto::Finished>());
    EXPECT_EQ(slot_.get(runtime::Metric::protocol_violations), 1);
}

const std::vector<std::int16_t> kSilence(proto::kCreditWindow + 1);

INSTANTIATE_TEST_SUITE_P(
    All, HostViolationTest,
    testing::Values(
        Violation{"gap", [](TestClient& c) { c.send_audio(kRef, 5, kSilence); }},
        Violation{"beyond_credit", [](TestClient& c) { c.send_audio(kRef, 0, kSilence); }},
        Violation{"unknown_stream",
                  [](TestClient& c) {
                      c.send(proto::Flush{{2, 1}});
                  }},
        Violation{"wrong_epoch",
                  [](TestClient& c) {
                      c.send(proto::Finish{{1, 2}});
                  }},
        Violation{"opened_twice",
                  [](TestClient& c) {
                      c.open({1, 2});
                  }},
        Violation{"half_a_sample",
                  [](TestClient& c) {
                      c.send(proto::Audio{kRef, 0, "abc"});
                  }},
        Violation{"unknown_message", [](TestClient& c) { c.send(proto::Opened{kRef}); }},
        Violation{"impossible_mode",
                  [](TestClient& c) {
                      c.open({2, 1}, static_cast<StreamMode>(7));
                  }}),
    [](const auto& violation) { return std::string(violation.param.name); });

TEST_F(HostTest, AMessageThatCrossesAFailureIsIgnored) {
    auto client = connect();
    client.open(kRef, StreamMode::whole);
    client.audio(kRef, std::vector<std::int16_t>(seconds(32)));
    ASSERT_TRUE(client.await<proto::Failed>());
    client.send_audio(kRef, client.position, kSilence);
    client.send(proto::Finish{kRef});
    client.open({2, 1});
    EXPECT_TRUE(client.await<proto::Opened>());
}

TEST_F(HostOfOneTest, AStreamBeyondTheLimitIsRefusedUntilAPeerGoes) {
    auto client = connect();
    {
        auto first = connect();
        first.open(kRef);
        ASSERT_TRUE(first.await<proto::Opened>());
        first.audio(kRef, generate_dtmf("1"));
        client.open(kRef);
        const auto refused = client.await<proto::Refused>();
        ASSERT_TRUE(refused);
        EXPECT_EQ(refused->cause, Errc::busy);
        client.open({2, 1}, StreamMode::whole);
        EXPECT_TRUE(client.await<proto::Opened>());
    }
    for (std::uint32_t stream = 3;; ++stream) {
        client.open({stream, 1});
        const auto answer = client.receive();
        ASSERT_TRUE(answer);
        if (std::holds_alternative<proto::Opened>(*answer)) break;
        std::this_thread::yield();
    }
}

TEST_F(HostTest, ADrainAnswersRunningUtterancesAndEnds) {
    auto client = connect();
    auto late = connect();
    client.open(kRef);
    late.open({8, 1});
    ASSERT_TRUE(late.await<proto::Opened>());
    client.audio(kRef, generate_dtmf("42"));
    ASSERT_TRUE(client.await<proto::SpeechStarted>());
    asio::post(loop_, [this] { host_.drain(proto::Millis(10'000)); });
    for (std::uint32_t stream = 9;; ++stream) {
        late.open({stream, 1});
        const auto answer = late.receive();
        ASSERT_TRUE(answer);
        if (!std::holds_alternative<proto::Refused>(*answer)) continue;
        EXPECT_EQ(std::get<proto::Refused>(*answer).cause, Errc::unavailable);
        break;
    }
    client.audio(kRef, std::vector<std::int16_t>(16000));
    EXPECT_TRUE(client.is_closed_by_engine());
    EXPECT_EQ(client.digits(), "42");
    EXPECT_TRUE(late.is_closed_by_engine());
}

}  // namespace
}  // namespace tutti::engine
