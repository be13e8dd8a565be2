// SPDX-License-Identifier: Apache-2.0
#include "sherpa_load.h"

#include <algorithm>
#include <thread>

namespace tutti::bench {
namespace {

using engine::sherpa::LoadedModel;
using engine::sherpa::OnlineStream;

constexpr std::size_t kMostBatch = 8;

struct Speaker {
    const OnlineStream* native = nullptr;
    std::vector<float> audio;
    std::string letters;
    std::size_t index = 0, chunk = 0;
    std::vector<Clock::time_point> pending;  // when the chunks that are not decoded came
    bool is_finished = false, is_over = false;
};

// One decode thread with its own streams.
class Worker {
  public:
    Worker(const LoadedModel& model, const Load& load, std::size_t first)
        : model_(model), api_(model.api()), load_(load) {
        for (auto i = first; i < load.streams; i += load.threads) {
            auto& speaker = speakers_.emplace_back();
            speaker.native = api_.create_online_stream(model.online());
            speaker.index = i;
            speaker.letters = letters_of(load, i);
            for (const auto sample : engine::sherpa::speak_tones(speaker.letters))
                speaker.audio.push_back(static_cast<float>(sample) / 32768.f);
        }
    }
    ~Worker() {
        for (auto& speaker : speakers_) api_.destroy_online_stream(speaker.native);
    }
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    void run(Clock::time_point start) {
        for (std::size_t left = speakers_.size(); left > 0;) {
            const bool has_fed = feed(start);
            const bool has_decoded = decode();
            left -= end_finished();
            if (!has_fed && !has_decoded && left > 0)
                std::this_thread::sleep_until(next_due(start));
        }
    }

    std::vector<double> latencies;
    std::size_t wrong = 0;

  private:
    Clock::time_point due_at(const Speaker& speaker, Clock::time_point start) const {
        return start + due(load_, speaker.index, speaker.chunk);
    }

    bool feed(Clock::time_point start) {
        const auto now = Clock::now();
        bool has_fed = false;
        for (auto& speaker : speakers_) {
            if (speaker.is_finished) continue;
            const auto comes = load_.is_paced ? due_at(speaker, start) : now;
            if (comes > now) continue;
            has_fed = true;
            const auto at = speaker.chunk++ * load_.chunk;
            if (at >= speaker.audio.size()) {
                finish(speaker);
                continue;
            }
            const auto size = std::min(load_.chunk, speaker.audio.size() - at);
            api_.online_accept(speaker.native, proto::kSampleRate, speaker.audio.data() + at,
                               static_cast<std::int32_t>(size));
            speaker.pending.push_back(comes);
        }
        return has_fed;
    }

    void finish(Speaker& speaker) {
        const std::vector<float> silence(
            static_cast<std::size_t>(proto::to_samples(model_.plan().tail)));
        api_.online_accept(speaker.native, proto::kSampleRate, silence.data(),
                           static_cast<std::int32_t>(silence.size()));
        api_.online_input_finished(speaker.native);
        speaker.is_finished = true;
    }

    // One call for every few streams that are ready.
    bool decode() {
        std::vector<Speaker*> ready;
        for (auto& speaker : speakers_) {
            if (api_.online_is_ready(model_.online(), speaker.native))
                ready.push_back(&speaker);
            else
                note(speaker);
        }
        for (std::size_t at = 0; at < ready.size(); at += load_.batch) {
            const OnlineStream* batch[kMostBatch];
            const auto n = std::min(load_.batch, ready.size() - at);
            for (std::size_t i = 0; i < n; ++i) batch[i] = ready[at + i]->native;
            api_.online_decode(model_.online(), batch, static_cast<std::int32_t>(n));
            for (std::size_t i = 0; i < n; ++i)
                if (!api_.online_is_ready(model_.online(), batch[i])) note(*ready[at + i]);
        }
        return !ready.empty();
    }

    void note(Speaker& speaker) {
        for (const auto came : speaker.pending)
            latencies.push_back(Seconds(Clock::now() - came).count());
        speaker.pending.clear();
    }

    std::size_t end_finished() {
        std::size_t ended = 0;
        for (auto& speaker : speakers_) {
            if (!speaker.is_finished || speaker.is_over ||
                api_.online_is_ready(model_.online(), speaker.native))
                continue;
            const auto* result = api_.online_result(model_.online(), speaker.native);
            const auto begin = std::string_view(result->text).find_first_not_of(' ');
            wrong += std::string_view(result->text)
                         .substr(std::min(begin, std::string_view(result->text).size())) !=
                     spelt(speaker.letters);
            api_.destroy_online_result(result);
            speaker.is_over = true;
            ++ended;
        }
        return ended;
    }

    Clock::time_point next_due(Clock::time_point start) const {
        auto next = Clock::time_point::max();
        for (const auto& speaker : speakers_)
            if (!speaker.is_finished) next = std::min(next, due_at(speaker, start));
        return next;
    }

    const LoadedModel& model_;
    const engine::sherpa::Api& api_;
    const Load& load_;
    std::vector<Speaker> speakers_;
};

}  // namespace

Carried carry_bare(const LoadedModel& model, const Load& load) {
    std::vector<std::unique_ptr<Worker>> workers;
    for (std::size_t i = 0; i < load.threads; ++i)
        workers.push_back(std::make_unique<Worker>(model, load, i));
    const auto start = Clock::now();
    const auto cpu = cpu_seconds();
    std::vector<std::thread> threads;
    for (auto& worker : workers) threads.emplace_back([&] { worker->run(start); });
    for (auto& thread : threads) thread.join();
    Carried carried;
    carried.wall = Seconds(Clock::now() - start).count();
    carried.cpu = cpu_seconds() - cpu;
    for (const auto& worker : workers) {
        carried.wrong += worker->wrong;
        carried.latencies.insert(carried.latencies.end(), worker->latencies.begin(),
                                 worker->latencies.end());
    }
    return carried;
}

}  // namespace tutti::bench
