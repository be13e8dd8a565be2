// SPDX-License-Identifier: Apache-2.0
// Forked workers over a backend whose answer is plain: the sum of the samples, and how they were
// cut into steps. Single samples are orders to the worker that hears them.
#include "engine/forked_recognizer.h"

#include <csignal>
#include <dirent.h>
#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <optional>
#include <sstream>
#include <thread>

namespace tutti::engine {
namespace {

using namespace std::chrono_literals;
using proto::StreamMode;
using testing::HasSubstr;

constexpr std::int16_t kDie = -1;
constexpr std::int16_t kDieOnce = -2;  // the first worker that hears it; its successors do not
constexpr std::int16_t kHangOnce = -3;
constexpr std::int16_t kThrow = -4;
constexpr std::int16_t kRefuse = -5;

// Shared by all processes forked from the test.
struct Shared {
    std::atomic<int> loads{0};
    std::atomic<int> orders{0};
};

class SumStream : public RecognizerStream {
  public:
    SumStream(Shared& shared, const StreamOptions& options) : shared_(shared) {
        if (const auto* carry = std::any_cast<std::string>(&options.carry)) words_ = *carry + '|';
        words_ += options.text;
        for (const auto& word : options.hotwords) words_ += word + '+';
    }
    void accept_audio(std::span<const std::int16_t> samples) override {
        for (const auto sample : samples) inbox_.push_back(sample);
        length_ += static_cast<SamplePos>(samples.size());
    }
    void input_finished(Ending) override { is_finished_ = true; }
    bool is_ready() const override { return !inbox_.empty() || (is_finished_ && !has_ended_); }
    void decode() {
        long sum = 0;
        for (const auto sample : std::exchange(inbox_, {})) {
            obey(sample);
            sum += std::max<std::int16_t>(sample, 0);
        }
        words_ += std::to_string(sum) + ' ';
        has_ended_ = is_finished_;
    }
    Hypothesis partial() override { return {words_, {}}; }
    Outcome result() override { return {partial(), length_, std::string("carry")}; }

  private:
    void obey(std::int16_t order) {
        if (order == kThrow) throw std::runtime_error("told to throw");
        if (order == kRefuse) throw RecognitionError(Error(Errc::bad_parameter, "told to refuse"));
        if (order == kDie) ::raise(SIGKILL);
        if ((order == kDieOnce || order == kHangOnce) && shared_.orders++ == 0)
            ::raise(order == kDieOnce ? SIGKILL : SIGSTOP);
    }

    Shared& shared_;
    std::vector<std::int16_t> inbox_;
    std::string words_;
    SamplePos length_ = 0;
    bool is_finished_ = false;
    bool has_ended_ = false;
};

class SumRecognizer : public Recognizer {
  public:
    explicit SumRecognizer(Shared& shared) : shared_(shared) {}
    std::unique_ptr<RecognizerStream> create_stream(StreamOptions options) override {
        return std::make_unique<SumStream>(shared_, options);
    }
    void decode(std::span<RecognizerStream* const> ready) override {
        for (auto* stream : ready) static_cast<SumStream*>(stream)->decode();
    }

  private:
    Shared& shared_;
};

class ForkedRecognizerTest : public testing::Test {
  protected:
    ForkedRecognizerTest()
        : shared_(*new (::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE,
                               MAP_SHARED | MAP_ANONYMOUS, -1, 0)) Shared),
          nursery_([this]() -> RecognizerFactory {
              ++shared_.loads;
              return [this](StreamMode) { return std::make_unique<SumRecognizer>(shared_); };
          }) {
        nursery_.wait_until_loaded();
    }
    ~ForkedRecognizerTest() override { ::munmap(&shared_, sizeof(Shared)); }

    Shared& shared_;
    Nursery nursery_;
};

void decode(Recognizer& recognizer, RecognizerStream& stream) {
    RecognizerStream* one = &stream;
    while (stream.is_ready()) recognizer.decode({&one, 1});
}

// Each piece is a step of its own.
Outcome recognize(Recognizer& recognizer, const std::vector<std::vector<std::int16_t>>& pieces,
                  StreamOptions options = {}) {
    auto stream = recognizer.create_stream(std::move(options));
    for (const auto& piece : pieces) {
        stream->accept_audio(piece);
        decode(recognizer, *stream);
    }
    stream->input_finished(Ending::complete);
    decode(recognizer, *stream);
    return stream->result();
}

bool is_reaped(pid_t pid) {
    return !std::filesystem::exists("/proc/" + std::to_string(pid));
}

// Ended at least: whoever inherits it may leave it a zombie.
bool is_gone(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string text;
    std::getline(file, text);
    const auto name_end = text.rfind(") ");
    return name_end == std::string::npos || text[name_end + 2] == 'Z';
}

// Looked at often: another process's end is no event for us.
bool comes_true(const std::function<bool()>& condition, std::chrono::milliseconds limit = 10s) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        std::this_thread::sleep_for(1ms);
    }
    return true;
}

std::size_t descriptors_of(pid_t pid) {
    const std::filesystem::directory_iterator folder("/proc/" + std::to_string(pid) + "/fd");
    return static_cast<std::size_t>(std::distance(begin(folder), end(folder)));
}

TEST_F(ForkedRecognizerTest, AnswersAsTheRecognizerInTheWorkerDoes) {
    ForkedRecognizer recognizer(nursery_, StreamMode::live);
    const auto outcome = recognize(recognizer, {{1, 2}, {3}, std::vector<std::int16_t>(80'000, 1)});
    EXPECT_EQ(outcome.hypothesis.text, "3 3 80000 0 ");
    EXPECT_EQ(outcome.settled, 80'003);
    const auto next = recognize(recognizer, {{5}}, {.carry = outcome.carry});
    EXPECT_EQ(next.hypothesis.text, "carry|5 0 ");
    EXPECT_EQ(shared_.loads, 1);
}

TEST_F(ForkedRecognizerTest, TellsPartialsAndForgetsAbandonedUtterances) {
    ForkedRecognizer recognizer(nursery_, StreamMode::live);
    {
        const auto stream = recognizer.create_stream({});
        EXPECT_EQ(stream->partial().text, "");
        stream->accept_audio(std::vector<std::int16_t>{7});
        decode(recognizer, *stream);
        EXPECT_EQ(stream->partial().text, "7 ");
    }
    EXPECT_EQ(recognize(recognizer, {{1}}).hypothesis.text, "1 0 ");
}

TEST_F(ForkedRecognizerTest, AWholeUtteranceIsOneStep) {
    ForkedRecognizer recognizer(nursery_, StreamMode::whole);
    EXPECT_EQ(recognize(recognizer, {{1, 2}, {3}}).hypothesis.text, "6 ");
}

TEST_F(ForkedRecognizerTest, AThrowingRecognizerFailsItsUtteranceAndKeepsItsWorker) {
    ForkedRecognizer recognizer(nursery_, StreamMode::live);
    const auto worker = recognizer.worker_pid();
    try {
        recognize(recognizer, {{1}, {kThrow}});
        FAIL();
    } catch (const std::exception& e) {
        EXPECT_STREQ(e.what(), "told to throw");
    }
    EXPECT_EQ(recognize(recognizer, {{2}}).hypothesis.text, "2 0 ");
    EXPECT_EQ(recognizer.worker_pid(), worker);
}

TEST_F(ForkedRecognizerTest, ARefusalArrivesWithItsCause) {
    ForkedRecognizer recognizer(nursery_, StreamMode::live);
    const auto worker = recognizer.worker_pid();
    try {
        recognize(recognizer, {{1}, {kRefuse}});
        FAIL();
    } catch (const RecognitionError& e) {
        EXPECT_STREQ(e.what(), "told to refuse");
        EXPECT_EQ(e.error.errc(), Errc::bad_parameter);
    }
    EXPECT_EQ(recognize(recognizer, {{2}}).hypothesis.text, "2 0 ");
    EXPECT_EQ(recognizer.worker_pid(), worker);
}

TEST_F(ForkedRecognizerTest, TheTextToAlignReachesEachWorker) {
    ForkedRecognizer recognizer(nursery_, StreamMode::whole);
    const StreamOptions options{.text = "good day:"};
    EXPECT_EQ(recognize(recognizer, {{1}}, options).hypothesis.text, "good day:1 ");
    EXPECT_EQ(recognize(recognizer, {{kDieOnce, 1}}, options).hypothesis.text, "good day:1 ");
    EXPECT_EQ(recognize(recognizer, {{1}}).hypothesis.text, "1 ");
}

TEST_F(ForkedRecognizerTest, AWorkersDeathIsReplayedInTheSamePieces) {
    ForkedRecognizer recognizer(nursery_, StreamMode::live);
    const auto first = recognizer.worker_pid();
    const auto outcome =
        recognize(recognizer, {{1, 2}, {3, kDieOnce}, {4}}, {.carry = std::string("c")});
    EXPECT_EQ(outcome.hypothesis.text, "c|3 3 4 0 ");
    EXPECT_NE(recognizer.worker_pid(), first);
    EXPECT_TRUE(comes_true([&] { return is_gone(first); }));
}

TEST_F(ForkedRecognizerTest, AKillBetweenTwoStepsIsReplayedToo) {
    ForkedRecognizer recognizer(nursery_, StreamMode::live);
    const auto stream = recognizer.create_stream({});
    stream->accept_audio(std::vector<std::int16_t>{1, 2});
    decode(recognizer, *stream);
    ::kill(recognizer.worker_pid(), SIGKILL);
    EXPECT_EQ(stream->partial().text, "3 ");
    stream->input_finished(Ending::cut);
    decode(recognizer, *stream);
    EXPECT_EQ(stream->result().hypothesis.text, "3 0 ");
}

TEST_F(ForkedRecognizerTest, TwoDeathsFailTheUtteranceAndNoOther) {
    ForkedRecognizer recognizer(nursery_, StreamMode::live);
    try {
        recognize(recognizer, {{1}, {kDie}});
        FAIL();
    } catch (const std::exception& e) {
        EXPECT_THAT(e.what(), HasSubstr("two decode workers died"));
    }
    EXPECT_EQ(recognizer.worker_pid(), -1);
    EXPECT_EQ(recognize(recognizer, {{2}}).hypothesis.text, "2 0 ");
}

TEST_F(ForkedRecognizerTest, AnIdleWorkersDeathDoesNotCountAgainstTheNextUtterance) {
    ForkedRecognizer recognizer(nursery_, StreamMode::live);
    const auto worker = recognizer.worker_pid();
    ::kill(worker, SIGKILL);
    // Not only its main thread: a sanitizer's own may hold its socket a moment longer.
    ASSERT_TRUE(comes_true([&] { return is_reaped(worker); }));
    EXPECT_EQ(recognize(recognizer, {{kDieOnce, 2}}).hypothesis.text, "2 0 ");
}

TEST_F(ForkedRecognizerTest, AHangingWorkerIsReplaced) {
    ForkedRecognizer recognizer(nursery_, StreamMode::live, {.step = 300ms, .abort = 100ms});
    const auto stopped = recognizer.worker_pid();
    EXPECT_EQ(recognize(recognizer, {{1}, {kHangOnce, 2}}).hypothesis.text, "1 2 0 ");
    EXPECT_TRUE(comes_true([&] { return is_gone(stopped); }));
}

TEST_F(ForkedRecognizerTest, WaitingForAWorkerIsProgress) {
    ForkedRecognizer recognizer(nursery_, StreamMode::live, {.step = 700ms, .abort = 100ms});
    std::chrono::nanoseconds longest{};
    std::atomic<bool> is_done = false;
    std::thread observer([&] {
        const auto begun = std::chrono::steady_clock::now();
        while (!is_done) {
            const auto seen = std::max(begun, *recognizer.last_progress());
            longest = std::max<std::chrono::nanoseconds>(longest,
                                                         std::chrono::steady_clock::now() - seen);
            std::this_thread::sleep_for(1ms);
        }
    });
    recognize(recognizer, {{kHangOnce}});
    is_done = true;
    observer.join();
    EXPECT_LT(longest, 600ms);
}

TEST_F(ForkedRecognizerTest, ManyThreadsForkAtOnce) {
    constexpr int kThreads = 8;
    std::vector<std::thread> threads;
    std::atomic<int> right = 0;
    for (int n = 0; n < kThreads; ++n)
        threads.emplace_back([&, n] {
            ForkedRecognizer recognizer(nursery_, n % 2 ? StreamMode::live : StreamMode::whole);
            const auto text = std::to_string(n + 1);
            const auto heard = recognize(recognizer, {{static_cast<std::int16_t>(n + 1)}});
            right += heard.hypothesis.text.starts_with(text + " ");
        });
    for (auto& thread : threads) thread.join();
    EXPECT_EQ(right, kThreads);
}

TEST_F(ForkedRecognizerTest, AWorkerHoldsNothingItDoesNotNeedAndRunsAsNiceAsItsThread) {
    ForkedRecognizer first(nursery_, StreamMode::live);
    std::thread nice([&] {
        ::setpriority(PRIO_PROCESS, static_cast<id_t>(::gettid()), 10);
        ForkedRecognizer second(nursery_, StreamMode::whole);
        recognize(second, {{1}});
        // 0 to 2 and its connection.
        EXPECT_EQ(descriptors_of(second.worker_pid()), 4u);
        EXPECT_EQ(::getpriority(PRIO_PROCESS, static_cast<id_t>(second.worker_pid())), 10);
    });
    nice.join();
    EXPECT_EQ(::getpriority(PRIO_PROCESS, static_cast<id_t>(first.worker_pid())), 0);
    EXPECT_EQ(descriptors_of(nursery_.pid()), 5u);
}

TEST_F(ForkedRecognizerTest, WorkersOutliveNeitherTheirRecognizerNorTheirNursery) {
    pid_t first = -1, second = -1;
    std::optional<Nursery> nursery;
    nursery.emplace([this]() -> RecognizerFactory {
        return [this](StreamMode) { return std::make_unique<SumRecognizer>(shared_); };
    });
    nursery->wait_until_loaded();
    ForkedRecognizer kept(*nursery, StreamMode::live);
    {
        ForkedRecognizer recognizer(*nursery, StreamMode::live);
        first = recognizer.worker_pid();
    }
    // Gone for good, not a zombie: the nursery has reaped it.
    EXPECT_TRUE(comes_true([&] { return ::kill(first, 0) != 0; }));
    second = kept.worker_pid();
    nursery.reset();
    EXPECT_TRUE(comes_true([&] { return is_gone(second); }));
}

TEST_F(ForkedRecognizerTest, SignalsForOthersDoNotEndThem) {
    ForkedRecognizer recognizer(nursery_, StreamMode::live);
    const auto worker = recognizer.worker_pid();
    recognize(recognizer, {{1}});
    for (const int number : {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGUSR2, SIGWINCH})
        for (const auto pid : {worker, nursery_.pid()}) ::kill(pid, number);
    EXPECT_EQ(recognize(recognizer, {{2}}).hypothesis.text, "2 0 ");
    EXPECT_EQ(recognizer.worker_pid(), worker);
}

TEST(Nursery, AModelThatCannotBeLoadedSaysWhy) {
    Nursery nursery([]() -> RecognizerFactory { throw std::runtime_error("no such file"); });
    try {
        nursery.wait_until_loaded();
        FAIL();
    } catch (const std::exception& e) {
        EXPECT_STREQ(e.what(), "no such file");
    }
}

TEST(Nursery, AnExitWhileLoadingIsTold) {
    Nursery nursery([]() -> RecognizerFactory { std::_Exit(3); });
    try {
        nursery.wait_until_loaded();
        FAIL();
    } catch (const std::exception& e) {
        EXPECT_THAT(e.what(), HasSubstr("exit code 3"));
    }
}

}  // namespace
}  // namespace tutti::engine
