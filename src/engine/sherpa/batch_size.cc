// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/batch_size.h"

#include <future>

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <stdexcept>
#include <vector>

namespace tutti::engine::sherpa {
namespace {

using Clock = std::chrono::steady_clock;
using Times = std::array<double, std::size(kBatches)>;

constexpr double kNone = std::numeric_limits<double>::infinity();
// Less is no reason to leave the usual.
constexpr double kClearly = 0.96;
constexpr std::size_t kAudio = 10 * proto::kSampleRate;

// kMostStreams streams with more audio than is decoded in the time.
class Streams {
  public:
    explicit Streams(const LoadedModel& model) : model_(model) {
        std::vector<float> hiss(kAudio);
        for (std::size_t i = 0; i < hiss.size(); ++i)
            hiss[i] = static_cast<float>(i * 2654435761u % 1000) * 1e-5f - 5e-3f;
        for (std::size_t i = 0; i < kMostStreams; ++i) {
            const auto* stream = api().create_online_stream(model_.online());
            if (!stream) throw std::runtime_error("no stream");
            streams_.push_back(stream);
            api().online_accept(stream, proto::kSampleRate, hiss.data(),
                                static_cast<std::int32_t>(hiss.size()));
        }
    }
    ~Streams() {
        for (const auto* stream : streams_) api().destroy_online_stream(stream);
    }
    Streams(const Streams&) = delete;
    Streams& operator=(const Streams&) = delete;

    bool are_ready() const {
        return std::ranges::all_of(streams_, [this](const auto* stream) {
            return api().online_is_ready(model_.online(), stream) != 0;
        });
    }
    // Seconds for each stream's next window.
    double decode(std::size_t batch) {
        const auto begun = Clock::now();
        for (std::size_t at = 0; at < streams_.size(); at += batch)
            api().online_decode(model_.online(), streams_.data() + at,
                                static_cast<std::int32_t>(batch));
        return std::chrono::duration<double>(Clock::now() - begun).count() /
               static_cast<double>(streams_.size());
    }

  private:
    const Api& api() const { return model_.api(); }

    const LoadedModel& model_;
    std::vector<const OnlineStream*> streams_;
};

// The least of each, since others may have had the core in between.
Times measure(const LoadedModel& model, std::chrono::milliseconds limit) {
    Times times;
    times.fill(kNone);
    guarded("measure the model", [&] {
        Streams streams(model);
        if (streams.are_ready()) (void)streams.decode(kMostStreams);  // the first is slower
        const auto end = Clock::now() + limit;
        for (std::size_t turn = 0; streams.are_ready(); ++turn) {
            if (turn >= times.size() && Clock::now() >= end) break;
            auto& time = times[turn % times.size()];
            time = std::min(time, streams.decode(kBatches[turn % times.size()]));
        }
    });
    return times;
}

}  // namespace

std::size_t choose_batch(std::span<const double> seconds) {
    const auto best = std::ranges::min_element(seconds);
    const bool is_clear = *best < kClearly * seconds.back();
    return is_clear ? kBatches[best - seconds.begin()] : kMostStreams;
}

std::size_t measure_batch(const LoadedModel& model, std::size_t threads,
                          std::chrono::milliseconds limit) {
    std::vector<std::future<Times>> others;
    for (std::size_t i = 1; i < threads; ++i)
        others.push_back(std::async(std::launch::async, measure, std::cref(model), limit));
    auto sum = measure(model, limit);
    for (auto& other : others) {
        const auto times = other.get();
        std::ranges::transform(sum, times, sum.begin(), std::plus<>());
    }
    return choose_batch(sum);
}

}  // namespace tutti::engine::sherpa
