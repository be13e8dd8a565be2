// SPDX-License-Identifier: Apache-2.0
#include "policy/segment_machine.h"

#include <gtest/gtest.h>

namespace tutti::policy {
namespace {

constexpr SamplePos kSecond = proto::kSampleRate;
constexpr SamplePos kStart = 100 * kSecond;

// Performs the actions as an engine would see them, and writes them down:
// O(pen) a(udio) F(inish) C(ancel) L(eave).
class Peer {
  public:
    explicit Peer(SegmentMachine& machine) : machine_(machine) {}

    std::string actions() {
        log_.clear();
        for (const auto& action : machine_.take_actions())
            std::visit([this](const auto& a) { on(a); }, action);
        return log_;
    }
    void find() { machine_.on_engine_found(++stream_); }
    void opened() { machine_.on_message(proto::Opened{ref_}); }
    void credit(SamplePos decoded) { machine_.on_message(proto::Credit{ref_, decoded, kStart}); }
    void refuse(Errc cause) { machine_.on_message(proto::Refused{ref_, cause}); }
    void fail() { machine_.on_message(proto::Failed{ref_, Errc::internal, "broken"}); }
    void answer(std::string text) {
        proto::Final final{.ref = ref_, .utterance = {.text = std::move(text)}};
        machine_.on_message(final);
        machine_.on_message(proto::Finished{ref_});
    }
    SamplePos received() const { return received_; }
    proto::StreamRef ref() const { return ref_; }

  private:
    void on(const SendOpen& open) {
        EXPECT_EQ(open.message.mode, proto::StreamMode::whole);
        EXPECT_NE(open.message.ref.epoch, ref_.epoch);
        ref_ = open.message.ref;
        received_ = open.message.first_sample;
        log_ += 'O';
    }
    void on(const SendAudio& audio) {
        EXPECT_EQ(audio.ref, ref_);
        EXPECT_EQ(audio.first_sample, received_);
        EXPECT_LE(audio.samples.size_bytes(), 64u * 1024);
        for (const auto sample : audio.samples) EXPECT_EQ(sample, value_at(received_++));
        log_ += 'a';
    }
    void on(const SendFinish&) { log_ += 'F'; }
    void on(const SendCancel&) { log_ += 'C'; }
    void on(const LeaveEngine&) { log_ += 'L'; }

  public:
    static std::int16_t value_at(SamplePos at) { return static_cast<std::int16_t>(at % 30011); }

  private:
    SegmentMachine& machine_;
    std::string log_;
    std::uint32_t stream_ = 0;
    proto::StreamRef ref_;
    SamplePos received_ = 0;
};

struct Segment {
    explicit Segment(SamplePos length) : machine(kStart, samples(length)), peer(machine) {}
    static std::vector<std::int16_t> samples(SamplePos length) {
        std::vector<std::int16_t> all;
        for (SamplePos i = 0; i < length; ++i) all.push_back(Peer::value_at(kStart + i));
        return all;
    }
    // Brings it to an engine that has the first samples.
    std::string start() {
        peer.find();
        const auto opened = peer.actions();
        peer.opened();
        return opened + peer.actions();
    }
    SegmentMachine machine;
    Peer peer;
};

TEST(SegmentMachine, SendsAShortSegmentAtOnceAndTellsItsText) {
    Segment s(3 * kSecond);
    EXPECT_TRUE(s.machine.wants_engine());
    EXPECT_EQ(s.start(), "OaaF");
    EXPECT_EQ(s.peer.received(), kStart + 3 * kSecond);
    EXPECT_FALSE(s.machine.outcome());
    s.peer.answer("one");
    EXPECT_EQ(s.peer.actions(), "L");
    EXPECT_EQ(s.machine.outcome()->value().text, "one");
}

TEST(SegmentMachine, SendsNoMoreThanTheCreditAndTheRestWhenItComes) {
    Segment s(30 * kSecond);
    s.start();
    EXPECT_EQ(s.peer.received(), kStart + proto::kCreditWindow);
    s.peer.credit(kStart + 2 * kSecond);
    EXPECT_EQ(s.peer.actions(), "a");
    EXPECT_EQ(s.peer.received(), kStart + 2 * kSecond + proto::kCreditWindow);
    s.peer.credit(kStart + 15 * kSecond);
    EXPECT_EQ(s.peer.actions().back(), 'F');
    EXPECT_EQ(s.peer.received(), kStart + 30 * kSecond);
    s.peer.credit(kStart + 30 * kSecond);
    EXPECT_EQ(s.peer.actions(), "") << "finished once";
}

TEST(SegmentMachine, ALostEngineIsReplacedAndHearsEverythingAgain) {
    Segment s(20 * kSecond);
    s.start();
    s.machine.on_engine_lost();
    EXPECT_EQ(s.peer.actions(), "L");
    EXPECT_TRUE(s.machine.wants_engine());
    s.start();
    s.peer.credit(kStart + 10 * kSecond);
    EXPECT_EQ(s.peer.actions(), "aaaF");
    s.peer.answer("two");
    EXPECT_EQ(s.machine.outcome()->value().text, "two");
}

TEST(SegmentMachine, AFinalOfALostEngineIsForgotten) {
    Segment s(kSecond);
    s.start();
    s.machine.on_message(proto::Final{.ref = s.peer.ref(), .utterance = {.text = "old"}});
    s.machine.on_engine_lost();
    s.peer.actions();
    s.start();
    s.machine.on_message(proto::Finished{s.peer.ref()});
    EXPECT_FALSE(s.machine.outcome()) << "finished without a text of its own";
    EXPECT_TRUE(s.machine.wants_engine());
}

TEST(SegmentMachine, ThreeEnginesThatDoNotAnswerAreTheLast) {
    Segment s(kSecond);
    s.start();
    s.machine.on_engine_lost();
    s.peer.actions();
    s.start();
    s.peer.fail();
    EXPECT_EQ(s.peer.actions(), "L");
    s.start();
    s.machine.on_engine_silent();
    EXPECT_EQ(s.peer.actions(), "CL");
    EXPECT_EQ(s.machine.outcome()->error().errc(), Errc::internal);
    EXPECT_FALSE(s.machine.wants_engine());
}

TEST(SegmentMachine, AFailureThatHoldsEverywhereIsTheLast) {
    Segment s(kSecond);
    s.start();
    s.machine.on_message(proto::Failed{s.peer.ref(), Errc::unavailable, "nobody there", true});
    EXPECT_EQ(s.peer.actions(), "L");
    EXPECT_EQ(s.machine.outcome()->error().errc(), Errc::unavailable);
    EXPECT_EQ(s.machine.outcome()->error().context, "nobody there");
}

TEST(SegmentMachine, ARefusalForWantOfRoomCostsNothing) {
    Segment s(kSecond);
    for (int i = 0; i < 10; ++i) {
        s.peer.find();
        EXPECT_EQ(s.peer.actions(), "O");
        s.peer.refuse(i % 2 ? Errc::busy : Errc::unavailable);
        EXPECT_EQ(s.peer.actions(), "L");
        EXPECT_TRUE(s.machine.wants_engine());
    }
    EXPECT_EQ(s.start(), "OaF");
}

TEST(SegmentMachine, ATextToAlignAndHotwordsGoToEachEngine) {
    SegmentMachine machine(kStart, {1, 2, 3}, "one two", {"three"});
    for (std::uint32_t stream = 1; stream < 3; ++stream) {
        machine.on_engine_found(stream);
        const auto actions = machine.take_actions();
        ASSERT_EQ(actions.size(), 1u);
        EXPECT_EQ(std::get<SendOpen>(actions[0]).message.text, "one two");
        EXPECT_EQ(std::get<SendOpen>(actions[0]).message.hotwords,
                  std::vector<std::string>{"three"});
        machine.on_engine_lost();
        machine.take_actions();
    }
}

TEST(SegmentMachine, AnEngineThatDoesNotAlignIsUnavailable) {
    Segment s(kSecond);
    s.peer.find();
    s.peer.actions();
    s.peer.refuse(Errc::bad_request);
    EXPECT_EQ(s.peer.actions(), "L");
    EXPECT_EQ(s.machine.outcome()->error().errc(), Errc::unavailable);
}

TEST(SegmentMachine, CancelLeavesTheEngineAndHearsNothingMore) {
    Segment s(kSecond);
    s.start();
    s.machine.on_cancel();
    EXPECT_EQ(s.peer.actions(), "CL");
    s.machine.on_engine_lost();
    s.peer.answer("late");
    EXPECT_EQ(s.peer.actions(), "");
    EXPECT_EQ(s.machine.outcome()->error().errc(), Errc::canceled);
}

}  // namespace
}  // namespace tutti::policy
