// SPDX-License-Identifier: Apache-2.0
#include "engine/decode_loop.h"
#include "engine/sherpa/sherpa_recognizer.h"

#include "sherpa_load.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <queue>
#include <stdexcept>
#include <unordered_map>

namespace tutti::bench {
namespace {

using engine::DecodeLoop;
using engine::JobId;

constexpr int kStreamsPerThread = 256;  // as the engine has it

struct Speaker {
    JobId job = 0;
    std::vector<std::int16_t> audio;
    std::string letters;
    std::size_t chunk = 0;
    std::vector<Clock::time_point> pending;  // when the chunks that are not decoded came
    bool is_finished = false;
};

// What an engine's loop thread does, with speakers in place of connections.
class Speakers {
  public:
    Speakers(engine::RecognizerFactory make_recognizer, const Load& load)
        : load_(load),
          loop_({.load_recognizer = std::move(make_recognizer),
                 .live_threads = static_cast<int>(load.threads),
                 .streams_per_thread = kStreamsPerThread,
                 .on_news = [this] {
                     std::lock_guard lock(mutex_);
                     has_news_ = true;
                     news_.notify_one();
                 }}) {
        for (std::size_t i = 0; i < load.streams; ++i) {
            auto& speaker = speakers_.emplace_back();
            speaker.letters = letters_of(load, i);
            speaker.audio = engine::sherpa::speak_tones(speaker.letters);
            speaker.job = loop_.begin({.wants_partials = true, .stream = {}});
            by_job_[speaker.job] = i;
        }
    }

    Carried run() {
        start_ = Clock::now();
        const auto cpu = cpu_seconds();
        for (std::size_t i = 0; i < speakers_.size(); ++i) come_again(i);
        while (over_ < speakers_.size()) {
            wait();
            const auto now = Clock::now();
            while (!timeline_.empty() && timeline_.top().first <= now) {
                const auto index = timeline_.top().second;
                timeline_.pop();
                speak(index);
                come_again(index);
            }
            for (const auto& one : loop_.take_news()) take(one);
        }
        carried_.wall = Seconds(Clock::now() - start_).count();
        carried_.cpu = cpu_seconds() - cpu;
        return std::move(carried_);
    }

  private:
    using Coming = std::pair<Clock::time_point, std::size_t>;

    void come_again(std::size_t index) {
        if (!load_.is_paced)
            speak(index);
        else if (const auto& speaker = speakers_[index]; !speaker.is_finished)
            timeline_.emplace(start_ + due(load_, index, speaker.chunk), index);
    }

    void speak(std::size_t index) {
        auto& speaker = speakers_[index];
        if (speaker.is_finished) return;
        const auto at = speaker.chunk * load_.chunk;
        if (at >= speaker.audio.size()) {
            speaker.is_finished = true;
            loop_.finish(speaker.job, engine::Ending::complete);
            return;
        }
        const auto size = std::min(load_.chunk, speaker.audio.size() - at);
        loop_.push(speaker.job, std::span(speaker.audio).subspan(at, size));
        speaker.pending.push_back(load_.is_paced ? start_ + due(load_, index, speaker.chunk)
                                                 : Clock::now());
        ++speaker.chunk;
    }

    void wait() {
        std::unique_lock lock(mutex_);
        const auto has_news = [this] { return has_news_; };
        if (timeline_.empty())
            news_.wait(lock, has_news);
        else
            news_.wait_until(lock, timeline_.top().first, has_news);
        has_news_ = false;
    }

    void take(const engine::News& news) {
        const auto index = by_job_.at(news.job);
        auto& speaker = speakers_[index];
        if (news.error) throw std::runtime_error(news.error->context);
        // All that came before the last decode is in it, up to `decoded`.
        const auto heard = static_cast<std::size_t>(news.decoded);
        const auto sent = std::min(speaker.chunk * load_.chunk, speaker.audio.size());
        const auto open = (sent - std::min(heard, sent) + load_.chunk - 1) / load_.chunk;
        while (speaker.pending.size() > open) {
            carried_.latencies.push_back(Seconds(Clock::now() - speaker.pending.front()).count());
            speaker.pending.erase(speaker.pending.begin());
        }
        if (news.outcome) {
            ++over_;
            carried_.wrong += news.outcome->hypothesis.text != spelt(speaker.letters);
        } else if (!load_.is_paced) {
            speak(index);
        }
    }

    const Load& load_;
    Carried carried_;
    Clock::time_point start_;
    std::vector<Speaker> speakers_;
    std::unordered_map<JobId, std::size_t> by_job_;
    std::priority_queue<Coming, std::vector<Coming>, std::greater<>> timeline_;
    std::size_t over_ = 0;
    std::mutex mutex_;
    std::condition_variable news_;
    bool has_news_ = false;  // guarded by mutex_
    DecodeLoop loop_;        // the last member: its threads use the others
};

}  // namespace

Carried carry_by_loop(const engine::RecognizerFactory& make_recognizer, const Load& load) {
    return Speakers(make_recognizer, load).run();
}

}  // namespace tutti::bench
