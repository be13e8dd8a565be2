// SPDX-License-Identifier: Apache-2.0
#include "engine/forked_recognizer.h"

#include "base/log.h"
#include "base/step_clock.h"
#include "engine/decode_worker_messages.h"
#include "engine/frame_socket.h"
#include "runtime/thread_times.h"

#include <csignal>
#include <poll.h>
#include <sys/syscall.h>

#include <algorithm>
#include <type_traits>

namespace tutti::engine {
namespace {

namespace wire = worker_wire;
using std::chrono::steady_clock;

constexpr int kDeathLimit = 2;
constexpr std::size_t kMaxKept = static_cast<std::size_t>(proto::kMaxUtterance);

}  // namespace

struct ForkedRecognizer::Worker {
    explicit Worker(ForkedWorker forked)
        : pid(forked.pid),
          pidfd(std::move(forked.pidfd)),
          socket(std::move(forked.connection), wire::kMaxFrame) {}

    // Reaches this process and no other, even when its number was given away.
    void signal(int number) const {
        ::syscall(SYS_pidfd_send_signal, pidfd.get(), number, nullptr, 0);
    }
    bool has_ended_within(std::chrono::milliseconds time) const {
        pollfd subject{pidfd.get(), POLLIN, 0};
        return ::poll(&subject, 1, static_cast<int>(time.count())) > 0;
    }

    pid_t pid;
    UniqueFd pidfd;
    FrameSocket socket;
    StepClock clock{steady_clock::now()};  // of the call that is waited for
};

// Keeps the utterance from its start, and where it was cut into steps: what a step takes in at once
// can change the result, so a replay repeats the cuts.
class ForkedRecognizer::Stream : public RecognizerStream {
  public:
    Stream(ForkedRecognizer& owner, const StreamOptions& options) : owner_(owner) {
        if (const auto* carry = std::any_cast<std::string>(&options.carry)) begin_.carry = *carry;
        begin_.continues = options.continues;
        begin_.text = options.text;
        begin_.hotwords = options.hotwords;
    }
    ~Stream() override {
        if (!has_begun_ || is_over_ || !owner_.worker_) return;
        try {
            send(wire::Drop{});
        } catch (const PeerGone&) {
            owner_.worker_.reset();
        }
    }

    void accept_audio(std::span<const std::int16_t> samples) override {
        audio_.insert(audio_.end(), samples.begin(), samples.end());
    }
    void input_finished(Ending ending) override { ending_ = ending; }
    bool is_ready() const override {
        if (ending_) return !must_end_;
        const auto cut = cuts_.empty() ? 0 : cuts_.back();
        return owner_.mode_ == proto::StreamMode::live && cut < forgotten_ + audio_.size();
    }

    void decode() {
        cuts_.push_back(forgotten_ + audio_.size());
        must_end_ = ending_.has_value();
        insist([this] { catch_up(); });
        forget_what_is_too_long();
    }
    Hypothesis partial() override {
        auto heard = insist([this] {
            catch_up();
            return ask<wire::Heard>(wire::Partial{});
        });
        return {std::move(heard.text), std::move(heard.words)};
    }
    Outcome result() override {
        auto heard = insist([this] {
            catch_up();
            return ask<wire::Concluded>(wire::Result{});
        });
        is_over_ = true;
        Outcome outcome{{std::move(heard.text), std::move(heard.words)}, heard.settled, {}};
        if (!heard.carry.empty()) outcome.carry = std::move(heard.carry);
        return outcome;
    }

  private:
    // Does `work` with the present worker, and again from the start with the next one.
    template <class Work>
    std::invoke_result_t<Work> insist(const Work& work) {
        for (;;) {
            try {
                return work();
            } catch (const PeerGone& e) {
                on_death(e);
            }
        }
    }
    void on_death(const PeerGone& cause);

    // What the present worker does not know yet.
    void catch_up();
    void feed_up_to(std::size_t cut);

    template <class Message>
    void send(const Message& message);
    template <class Answer, class Question>
    Answer ask(const Question& question);

    void forget_what_is_too_long();

    ForkedRecognizer& owner_;
    wire::Begin begin_;
    std::vector<std::int16_t> audio_;
    std::size_t forgotten_ = 0;      // samples before audio_; with any, a replay is impossible
    std::vector<std::size_t> cuts_;  // for each step, the samples before its end
    std::optional<Ending> ending_;
    bool must_end_ = false;  // the last step is the utterance's end
    bool is_over_ = false;
    int deaths_ = 0;

    // Of the present worker.
    bool has_begun_ = false;
    std::size_t steps_done_ = 0;
    std::size_t fed_ = 0;
};

void ForkedRecognizer::Stream::catch_up() {
    if (!has_begun_) {
        owner_.require_worker();
        send(begin_);
        has_begun_ = true;
    }
    for (; steps_done_ < cuts_.size(); ++steps_done_) {
        feed_up_to(cuts_[steps_done_]);
        if (must_end_ && steps_done_ + 1 == cuts_.size()) send(wire::End{*ending_});
        ask<wire::Stepped>(wire::Step{});
    }
}

void ForkedRecognizer::Stream::feed_up_to(std::size_t cut) {
    while (fed_ < cut) {
        const auto size = std::min(cut - fed_, wire::kMaxFeed);
        const auto* samples = audio_.data() + (fed_ - forgotten_);
        send(wire::Feed{{reinterpret_cast<const char*>(samples), size * sizeof *samples}});
        fed_ += size;
    }
}

template <class Message>
void ForkedRecognizer::Stream::send(const Message& message) {
    auto& worker = *owner_.worker_;
    worker.clock = StepClock(steady_clock::now());
    owner_.note_progress();
    std::string frame;
    proto::append_frame(frame, message);
    worker.socket.send(frame);
}

template <class Answer, class Question>
Answer ForkedRecognizer::Stream::ask(const Question& question) {
    send(question);
    auto message = proto::decode<wire::FromWorker>(owner_.worker_->socket.receive());
    if (!message) throw PeerGone(message.error().message());
    if (auto* failed = std::get_if<wire::Failed>(&*message)) {
        is_over_ = true;
        if (failed->cause != Errc::internal)
            throw RecognitionError(Error(failed->cause, failed->why));
        throw std::runtime_error(failed->why);
    }
    if (auto* answer = std::get_if<Answer>(&*message)) return std::move(*answer);
    throw PeerGone("it answered something else");
}

void ForkedRecognizer::Stream::on_death(const PeerGone& cause) {
    log::warn("decode worker pid={} is lost: {}", owner_.worker_->pid, cause.what());
    owner_.worker_->signal(SIGKILL);  // one that broke the protocol may still live
    owner_.worker_.reset();
    has_begun_ = false;
    steps_done_ = fed_ = 0;
    is_over_ = ++deaths_ >= kDeathLimit || forgotten_ > 0;
    if (!is_over_) return;
    throw std::runtime_error(forgotten_ > 0 ? "a decode worker died of a very long utterance"
                                            : "two decode workers died of this utterance");
}

void ForkedRecognizer::Stream::forget_what_is_too_long() {
    if (audio_.size() <= kMaxKept) return;
    forgotten_ += audio_.size();
    audio_.clear();
}

// --- the recognizer ------------------------------------------------------------------------------

ForkedRecognizer::ForkedRecognizer(Nursery& nursery, proto::StreamMode mode, WorkerLimits limits)
    : nursery_(nursery), mode_(mode), limits_(limits) {
    require_worker();
}

ForkedRecognizer::~ForkedRecognizer() = default;

std::unique_ptr<RecognizerStream> ForkedRecognizer::create_stream(StreamOptions options) {
    return std::make_unique<Stream>(*this, options);
}

void ForkedRecognizer::decode(std::span<RecognizerStream* const> ready) {
    for (auto* stream : ready) static_cast<Stream*>(stream)->decode();
}

std::optional<steady_clock::time_point> ForkedRecognizer::last_progress() const {
    return steady_clock::time_point(std::chrono::nanoseconds(progress_ns_));
}

pid_t ForkedRecognizer::worker_pid() const {
    return worker_ ? worker_->pid : -1;
}

void ForkedRecognizer::note_progress() {
    const auto now = steady_clock::now().time_since_epoch();
    progress_ns_ = std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

// One that died while it was idle is replaced without ado.
void ForkedRecognizer::require_worker() {
    if (worker_ && worker_->socket.is_quiet() && !worker_->has_ended_within({})) return;
    worker_.reset();
    worker_ = std::make_unique<Worker>(nursery_.fork_worker(mode_));
    worker_->socket.on_wait = [this, worker = worker_.get()] { watch(*worker); };
}

void ForkedRecognizer::watch(Worker& worker) {
    note_progress();
    worker.clock.look(steady_clock::now(), runtime::times_of(worker.pid, worker.pid));
    if (worker.clock.worked() <= limits_.step) return;
    log::warn("decode worker pid={} hangs since {} ms", worker.pid,
              std::chrono::duration_cast<std::chrono::milliseconds>(worker.clock.worked()).count());
    put_down(worker);
    throw PeerGone("it hung");
}

void ForkedRecognizer::put_down(Worker& worker) {
    worker.signal(SIGABRT);
    const auto deadline = steady_clock::now() + limits_.abort;
    while (!worker.has_ended_within(FrameSocket::kTick)) {
        note_progress();
        if (steady_clock::now() > deadline) return worker.signal(SIGKILL);
    }
}

}  // namespace tutti::engine
