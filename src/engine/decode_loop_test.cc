// SPDX-License-Identifier: Apache-2.0
#include "engine/decode_loop.h"

#include "engine/tone/dtmf_generator.h"
#include "engine/tone/tone_recognizer.h"

#include <gtest/gtest.h>
#include <semaphore>

#include <algorithm>
#include <atomic>
#include <map>
#include <stdexcept>

namespace tutti::engine {
namespace {

using proto::StreamMode;

// Gathers news as the host's loop does, on the test's thread.
class Collector {
  public:
    std::function<void()> notifier() {
        return [this] { signal_.release(); };
    }

    // Returns when `count` more jobs are over.
    void wait_for(DecodeLoop& loop, std::size_t count) {
        const auto wanted = over.size() + count;
        while (over.size() < wanted) {
            signal_.acquire();
            for (auto& news : loop.take_news()) {
                partials += news.partial.has_value();
                if (news.outcome || news.error) {
                    order.push_back(news.job);
                    over.emplace(news.job, std::move(news));
                }
            }
        }
    }

    std::map<JobId, News> over;
    std::vector<JobId> order;
    int partials = 0;

  private:
    std::counting_semaphore<> signal_{0};
};

// A recognizer of one place that tells the sum of its samples, and decodes when it is let.
struct Gate {
    std::counting_semaphore<> entered{0};
    std::counting_semaphore<> permits{0};
    std::atomic<int> loads{0};
    std::atomic<int> streams{0};
    std::atomic<bool> is_watched{false};  // by the recognizer itself, which sees it get on
};

class SumStream : public RecognizerStream {
  public:
    explicit SumStream(Gate& gate) : gate_(gate) { ++gate_.streams; }
    ~SumStream() override { --gate_.streams; }
    void accept_audio(std::span<const std::int16_t> samples) override {
        for (auto sample : samples) sum_ += sample;
        if (std::ranges::find(samples, -1) != samples.end()) throw std::runtime_error("poison");
        is_unlucky_ |= std::ranges::find(samples, -2) != samples.end();
        ++length_;
        is_ready_ = true;
    }
    void input_finished(Ending) override {}
    bool is_ready() const override { return is_ready_; }
    void decode() { is_ready_ = false; }
    Hypothesis partial() override { return {std::to_string(sum_), {}}; }
    Outcome result() override {
        if (is_unlucky_) throw RecognitionError(Error(Errc::unavailable, "nobody there"));
        return {partial(), length_, sum_};
    }

  private:
    Gate& gate_;
    int sum_ = 0;
    SamplePos length_ = 0;
    bool is_unlucky_ = false;
    bool is_ready_ = false;
};

class SumRecognizer : public Recognizer {
  public:
    explicit SumRecognizer(Gate& gate) : gate_(gate) { ++gate_.loads; }
    std::unique_ptr<RecognizerStream> create_stream(StreamOptions) override {
        return std::make_unique<SumStream>(gate_);
    }
    void decode(std::span<RecognizerStream* const> ready) override {
        gate_.entered.release();
        gate_.permits.acquire();
        for (auto* stream : ready) static_cast<SumStream*>(stream)->decode();
    }
    std::optional<std::chrono::steady_clock::time_point> last_progress() const override {
        if (!gate_.is_watched) return std::nullopt;
        return std::chrono::steady_clock::now();
    }

  private:
    Gate& gate_;
};

DecodeLoop::Options sum_options(Gate& gate, Collector& collector, int threads) {
    return {
        .load_recognizer = [&gate](StreamMode) { return std::make_unique<SumRecognizer>(gate); },
        .live_threads = threads,
        .on_news = collector.notifier()};
}

JobId begin_and_finish(DecodeLoop& loop, std::int16_t value, StreamMode mode = StreamMode::live) {
    const auto job = loop.begin({.mode = mode, .stream = {}});
    loop.push(job, std::vector{value});
    loop.finish(job, Ending::complete);
    return job;
}

TEST(DecodeLoop, UtterancesWithoutAPlaceWaitInOrderAndLoseNothing) {
    Gate gate;
    Collector collector;
    DecodeLoop loop(sum_options(gate, collector, 1));
    std::vector<JobId> jobs;
    for (std::int16_t i = 1; i <= 5; ++i) jobs.push_back(begin_and_finish(loop, i));
    EXPECT_EQ(loop.stats().waiting, 4u);
    gate.permits.release(5);
    collector.wait_for(loop, 5);
    EXPECT_EQ(collector.order, jobs);
    for (std::size_t i = 0; i < jobs.size(); ++i)
        EXPECT_EQ(collector.over[jobs[i]].outcome->hypothesis.text, std::to_string(i + 1));
    EXPECT_EQ(gate.loads, 1);
}

TEST(DecodeLoop, ThreadsAreStartedOnlyWhenTheOthersAreBusy) {
    Gate gate;
    Collector collector;
    DecodeLoop loop(sum_options(gate, collector, 3));
    gate.permits.release(2);
    begin_and_finish(loop, 1);
    collector.wait_for(loop, 1);
    begin_and_finish(loop, 2);
    collector.wait_for(loop, 1);
    EXPECT_EQ(gate.loads, 1);

    for (std::int16_t i = 0; i < 5; ++i) begin_and_finish(loop, i);
    EXPECT_EQ(loop.stats().threads, 3);
    EXPECT_EQ(loop.stats().waiting, 2u);
    gate.permits.release(5);
    collector.wait_for(loop, 5);
}

TEST(DecodeLoop, CancellingDoesNotWaitForADecodeAndYieldsNoNews) {
    Gate gate;
    Collector collector;
    DecodeLoop loop(sum_options(gate, collector, 1));
    const auto running = begin_and_finish(loop, 1);
    const auto waiting = begin_and_finish(loop, 2);
    const auto next = begin_and_finish(loop, 3);
    gate.entered.acquire();
    loop.cancel(running);
    loop.cancel(waiting);
    EXPECT_EQ(loop.stats().waiting, 1u);
    gate.permits.release(2);
    collector.wait_for(loop, 1);
    EXPECT_EQ(collector.order, std::vector{next});
}

TEST(DecodeLoop, AThrowingRecognizerFailsItsUtteranceAndServesTheNext) {
    Gate gate;
    Collector collector;
    DecodeLoop loop(sum_options(gate, collector, 1));
    gate.permits.release(1);
    const auto bad = begin_and_finish(loop, -1);
    const auto good = begin_and_finish(loop, 4);
    collector.wait_for(loop, 2);
    EXPECT_EQ(collector.over[bad].error->errc(), Errc::internal);
    EXPECT_EQ(collector.over[bad].error->context, "poison");
    EXPECT_EQ(collector.over[good].outcome->hypothesis.text, "4");
}

TEST(DecodeLoop, ACauseNamedByTheRecognizerIsOfItsUtteranceAlone) {
    Gate gate;
    Collector collector;
    auto options = sum_options(gate, collector, 1);
    options.streams_per_thread = 3;
    DecodeLoop loop(options);
    begin_and_finish(loop, 1);
    gate.entered.acquire();
    // These two are decoded in one round.
    const auto bad = begin_and_finish(loop, -2);
    const auto good = begin_and_finish(loop, 4);
    gate.permits.release(3);
    collector.wait_for(loop, 3);
    EXPECT_EQ(collector.over[bad].error->errc(), Errc::unavailable);
    EXPECT_TRUE(collector.over[bad].holds_everywhere);
    EXPECT_EQ(collector.over[good].outcome->hypothesis.text, "4");
}

TEST(DecodeLoop, WholeUtterancesHaveThreadsOfTheirOwn) {
    Gate gate;
    Collector collector;
    DecodeLoop loop(sum_options(gate, collector, 1));
    begin_and_finish(loop, 1);
    gate.entered.acquire();
    begin_and_finish(loop, 2, StreamMode::whole);
    gate.entered.acquire();
    EXPECT_EQ(loop.stats().busy, 2);
    gate.permits.release(2);
    collector.wait_for(loop, 2);
}

TEST(DecodeLoop, TellsSinceWhenADecodeIsUnderWay) {
    Gate gate;
    Collector collector;
    DecodeLoop loop(sum_options(gate, collector, 1));
    const auto before = std::chrono::steady_clock::now();
    EXPECT_GE(loop.oldest_decode(), before);

    begin_and_finish(loop, 1);
    gate.entered.acquire();
    const auto entered = std::chrono::steady_clock::now();
    EXPECT_LE(loop.oldest_decode(), entered);
    gate.is_watched = true;
    EXPECT_GE(loop.oldest_decode(), entered);
    gate.permits.release(1);
    collector.wait_for(loop, 1);
    const auto after = std::chrono::steady_clock::now();
    EXPECT_GE(loop.oldest_decode(), after);
}

TEST(DecodeLoop, AFirstRecognizerThatCannotBeLoadedThrows) {
    DecodeLoop::Options options{.load_recognizer = [](StreamMode) -> std::unique_ptr<Recognizer> {
                                    throw std::runtime_error("no model");
                                },
                                .on_news = [] {}};
    EXPECT_THROW(DecodeLoop{options}, std::runtime_error);
}

TEST(DecodeLoop, AFurtherRecognizerThatCannotBeLoadedLosesNoUtterance) {
    Gate gate;
    Collector collector;
    std::atomic<int> loads = 0;
    auto options = sum_options(gate, collector, 2);
    options.load_recognizer = [&](StreamMode) -> std::unique_ptr<Recognizer> {
        if (loads++ > 0) throw std::runtime_error("no memory");
        return std::make_unique<SumRecognizer>(gate);
    };
    DecodeLoop loop(options);
    for (std::int16_t i = 0; i < 3; ++i) begin_and_finish(loop, i);
    gate.permits.release(3);
    collector.wait_for(loop, 3);
    for (const auto& [job, news] : collector.over) EXPECT_TRUE(news.outcome) << job;

    const auto whole = begin_and_finish(loop, 1, StreamMode::whole);
    collector.wait_for(loop, 1);
    EXPECT_EQ(collector.over[whole].error->errc(), Errc::unavailable);
}

TEST(DecodeLoop, IsDestroyedWithUtterancesInEveryState) {
    Gate gate;
    Collector collector;
    {
        DecodeLoop loop(sum_options(gate, collector, 1));
        begin_and_finish(loop, 1);
        gate.entered.acquire();
        begin_and_finish(loop, 2);
        loop.begin({.stream = {}});
        gate.permits.release(2);
    }
    EXPECT_EQ(gate.streams, 0);
}

// The test that ThreadSanitizer is for: many streams, cancellations in between, several threads.
TEST(DecodeLoop, ManyStreamsUnderLoadKeepTheirDigits) {
    constexpr int kStreams = 200;
    constexpr std::size_t kChunk = 1111;
    const std::string digits = "159D*0#3";
    const auto samples = generate_dtmf(digits);
    Collector collector;
    DecodeLoop loop(
        {.load_recognizer = [](StreamMode) { return std::make_unique<ToneRecognizer>(); },
         .live_threads = 3,
         .whole_threads = 2,
         .streams_per_thread = 1000,
         .on_news = collector.notifier()});
    std::vector<JobId> jobs, cancelled;
    for (int i = 0; i < kStreams; ++i)
        jobs.push_back(loop.begin({.mode = i % 5 ? StreamMode::live : StreamMode::whole,
                                   .wants_partials = i % 2 == 0,
                                   .stream = {}}));
    for (std::size_t at = 0; at < samples.size(); at += kChunk)
        for (auto job : jobs)
            loop.push(job, std::span(samples).subspan(at, std::min(kChunk, samples.size() - at)));
    for (std::size_t i = 0; i < jobs.size(); ++i) {
        if (i % 10 == 9) {
            loop.cancel(jobs[i]);
            cancelled.push_back(jobs[i]);
        } else {
            loop.finish(jobs[i], Ending::complete);
        }
    }
    collector.wait_for(loop, kStreams - cancelled.size());
    for (auto job : cancelled) EXPECT_FALSE(collector.over.contains(job));
    for (const auto& [job, news] : collector.over) {
        ASSERT_TRUE(news.outcome) << job;
        EXPECT_EQ(news.outcome->hypothesis.text, "1 5 9 D * 0 # 3") << job;
        EXPECT_EQ(news.decoded, static_cast<SamplePos>(samples.size()));
    }
}

}  // namespace
}  // namespace tutti::engine
