// SPDX-License-Identifier: Apache-2.0
// How a decode thread shares its calls among many streams.
#include "engine/decode_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <semaphore>

#include <algorithm>
#include <map>
#include <stdexcept>

namespace tutti::engine {
namespace {

using testing::Each;
using testing::Le;

constexpr std::int16_t kHold = -1;        // its decode waits until it is let
constexpr std::int16_t kFailDecode = -2;  // each of these throws
constexpr std::int16_t kFailAccept = -3;
constexpr std::int16_t kFailReady = -4;
constexpr std::int16_t kFailResult = -5;

struct Calls {
    std::counting_semaphore<> held{0};
    std::counting_semaphore<> permits{0};
    std::vector<std::size_t> sizes;  // of decode calls; read once the loop is gone
};

// Needs one decode call for each sample and tells their number.
class StepStream : public RecognizerStream {
  public:
    void accept_audio(std::span<const std::int16_t> samples) override {
        order_ = samples[0];
        if (order_ == kFailAccept) throw std::runtime_error("accept");
        left_ += samples.size();
    }
    void input_finished(Ending) override {}
    bool is_ready() const override {
        if (order_ == kFailReady) throw std::runtime_error("ready");
        return left_ > 0;
    }
    void decode() {
        --left_;
        ++decoded_;
    }
    Hypothesis partial() override { return {std::to_string(decoded_), {}}; }
    Outcome result() override {
        if (order_ == kFailResult) throw std::runtime_error("result");
        return {partial(), decoded_, {}};
    }
    std::int16_t order() const { return order_; }

  private:
    std::int16_t order_ = 0;
    std::size_t left_ = 0;
    SamplePos decoded_ = 0;
};

class StepRecognizer : public Recognizer {
  public:
    explicit StepRecognizer(Calls& calls) : calls_(calls) {}
    std::unique_ptr<RecognizerStream> create_stream(StreamOptions) override {
        return std::make_unique<StepStream>();
    }
    std::size_t batch_limit() const override { return 3; }
    void decode(std::span<RecognizerStream* const> ready) override {
        calls_.sizes.push_back(ready.size());
        for (auto* one : ready) {
            auto* stream = static_cast<StepStream*>(one);
            if (stream->order() == kFailDecode) throw std::runtime_error("decode");
            if (stream->order() == kHold) {
                calls_.held.release();
                calls_.permits.acquire();
            }
            stream->decode();
        }
    }

  private:
    Calls& calls_;
};

// The loop with one thread, which is held until all utterances of a test have come.
class Rounds {
  public:
    Rounds() {
        loop_.emplace(DecodeLoop::Options{
            .load_recognizer = [this](auto) { return std::make_unique<StepRecognizer>(calls); },
            .streams_per_thread = 100,
            .on_news = [this] { news_.release(); }});
        begin({kHold});
        calls.held.acquire();
    }

    JobId begin(std::vector<std::int16_t> samples) {
        const auto job = loop_->begin({.stream = {}});
        loop_->push(job, samples);
        loop_->finish(job, Ending::complete);
        ++begun_;
        return job;
    }

    void cancel(JobId job) {
        loop_->cancel(job);
        --begun_;
    }

    // Lets the thread go; text or error of each utterance, in the order they were told.
    std::vector<std::pair<JobId, std::string>> told() {
        calls.permits.release();
        std::vector<std::pair<JobId, std::string>> all;
        while (all.size() < begun_) {
            news_.acquire();
            for (const auto& one : loop_->take_news()) {
                if (one.error) all.emplace_back(one.job, one.error->context);
                if (one.outcome) all.emplace_back(one.job, one.outcome->hypothesis.text);
            }
        }
        loop_.reset();
        return all;
    }

    Calls calls;

  private:
    std::counting_semaphore<> news_{0};
    std::size_t begun_ = 0;
    std::optional<DecodeLoop> loop_;
};

TEST(DecodeBatch, CallsTakeNoMoreStreamsThanTheRecognizerWants) {
    Rounds rounds;
    for (int i = 0; i < 10; ++i) rounds.begin(std::vector<std::int16_t>(4));
    for (const auto& [job, text] : rounds.told()) EXPECT_EQ(text, job == 1 ? "1" : "4");
    EXPECT_THAT(rounds.calls.sizes, Each(Le(3u)));
    EXPECT_LE(rounds.calls.sizes.size(), 1u + 14 + 2) << "and no fewer than there are";
}

TEST(DecodeBatch, ACancelledUtteranceIsNotDecodedToItsEnd) {
    Rounds rounds;
    const auto longest = rounds.begin(std::vector<std::int16_t>(100, kHold));
    rounds.calls.permits.release();
    rounds.calls.held.acquire();  // the first decode of the long one
    rounds.cancel(longest);
    rounds.begin({0});
    rounds.calls.permits.release(200);
    rounds.told();
    EXPECT_LE(rounds.calls.sizes.size(), 3u);
}

TEST(DecodeBatch, AShortUtteranceIsToldBeforeALongOneIsDone) {
    Rounds rounds;
    const auto longest = rounds.begin(std::vector<std::int16_t>(100));
    for (int i = 0; i < 10; ++i) rounds.begin({0});
    EXPECT_EQ(rounds.told().back(), std::pair(longest, std::string("100")));
}

TEST(DecodeBatch, WhatThrowsFailsItsOwnUtteranceOrThoseOfItsCall) {
    Rounds rounds;
    std::map<JobId, std::string> wanted{{1, "1"}};
    // Three by three, in order: the second call is the one that throws.
    for (int i = 0; i < 3; ++i) wanted[rounds.begin({0})] = "1";
    for (const auto order : {kFailDecode, std::int16_t{0}, std::int16_t{0}})
        wanted[rounds.begin({order})] = "decode";
    for (int i = 0; i < 2; ++i) wanted[rounds.begin({0})] = "1";
    wanted[rounds.begin({kFailAccept})] = "accept";
    wanted[rounds.begin({kFailReady})] = "ready";
    wanted[rounds.begin({kFailResult})] = "result";
    const auto told = rounds.told();
    EXPECT_EQ((std::map<JobId, std::string>(told.begin(), told.end())), wanted);
}

}  // namespace
}  // namespace tutti::engine
