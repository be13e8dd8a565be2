// SPDX-License-Identifier: Apache-2.0
#include "dispatch/whole_call.h"

#include "dispatch/engines_fixture.h"

namespace tutti::dispatch {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kLong = std::chrono::minutes(1);

class WholeCallTest : public test::EnginesFixture {
  protected:
    ~WholeCallTest() override {
        cancel();
        shut_down();
    }

    // Takes one text and answers with `text`.
    std::string answer(const std::string& text) {
        const auto open = engine_hears<proto::Open>();
        engine_says(proto::Opened{open.ref});
        EXPECT_EQ(engine_hears<proto::Finish>().ref, open.ref) << "no audio";
        engine_says(proto::Final{.ref = open.ref, .utterance = {text, {}, {}, {}, 0}});
        engine_says(proto::Finished{open.ref});
        return open.text;
    }
    void punctuate_in_background(std::string text, milliseconds limit = kLong) {
        tasks.spawn("call", call(std::move(text), limit));
    }
    asio::awaitable<void> call(std::string text, milliseconds limit) {
        std::string model = "m";
        result = co_await punctuate(engines, std::move(model), std::move(text), limit);
    }
    void cancel() {
        asio::post(loop, [this] { tasks.cancel(); });
    }
    void wait_for_result() {
        run_until([this] { return result.has_value(); });
    }

    std::optional<Result<std::string>> result;
    runtime::TaskGroup tasks{loop};
};

TEST_F(WholeCallTest, ATextComesBackWithMarks) {
    connect();
    punctuate_in_background("hello there");
    EXPECT_EQ(answer("hello, there."), "hello there");
    wait_for_result();
    EXPECT_EQ(result->value(), "hello, there.");
}

TEST_F(WholeCallTest, AModelNobodyServesIsUnavailableAtOnce) {
    punctuate_in_background("a");
    wait_for_result();
    EXPECT_EQ(result->error().errc(), Errc::unavailable);
}

TEST_F(WholeCallTest, AnEngineThatDiesIsNotTheLastOne) {
    connect();
    punctuate_in_background("a b");
    EXPECT_EQ(engine_hears<proto::Open>().text, "a b");
    peer->close();
    accept();
    EXPECT_EQ(answer("a b."), "a b");
    wait_for_result();
    EXPECT_EQ(result->value(), "a b.");
}

TEST_F(WholeCallTest, WhatEveryEngineWouldSayIsTheError) {
    connect();
    punctuate_in_background("a");
    const auto open = engine_hears<proto::Open>();
    engine_says(proto::Opened{open.ref});
    engine_says(proto::Failed{open.ref, Errc::bad_request, "no", true});
    wait_for_result();
    EXPECT_EQ(result->error().errc(), Errc::bad_request);
}

TEST_F(WholeCallTest, ASilentEngineIsWaitedForAsLongAsTheLimit) {
    connect();
    punctuate_in_background("a", milliseconds(1500));
    const auto open = engine_hears<proto::Open>();
    wait_for_result();
    EXPECT_EQ(result->error().errc(), Errc::unavailable);
    auto next = engine_hears();
    while (!std::holds_alternative<proto::Cancel>(next)) next = engine_hears();
    EXPECT_EQ(std::get<proto::Cancel>(next).ref, open.ref) << "the engine is told";
}

TEST_F(WholeCallTest, ALongTextGoesInPieces) {
    connect();
    std::string text;
    while (text.size() < proto::kMaxText + 1000) text += "word ";
    punctuate_in_background(text);
    std::string asked;
    for (int pieces = 0; pieces < 2; ++pieces) {
        const auto piece = answer("<" + std::to_string(pieces) + ">");
        EXPECT_LE(piece.size(), proto::kMaxText);
        asked += piece;
    }
    wait_for_result();
    EXPECT_EQ(asked, text);
    EXPECT_EQ(result->value(), "<0><1>");
}

TEST_F(WholeCallTest, WhiteSpaceNeedsNoEngine) {
    punctuate_in_background(" \n");
    wait_for_result();
    EXPECT_EQ(result->value(), " \n");
}

TEST_F(WholeCallTest, ACallerThatIsCancelledCancelsTheWork) {
    connect();
    punctuate_in_background("a");
    const auto open = engine_hears<proto::Open>();
    cancel();
    auto next = engine_hears();
    while (!std::holds_alternative<proto::Cancel>(next)) next = engine_hears();
    EXPECT_EQ(std::get<proto::Cancel>(next).ref, open.ref);
}

}  // namespace
}  // namespace tutti::dispatch
