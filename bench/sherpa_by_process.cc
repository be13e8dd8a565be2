// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/tone_speech.h"
#include "engine/sherpa/words_of_tokens.h"

#include "engine_process.h"
#include "sherpa_load.h"

#include <algorithm>
#include <queue>
#include <stdexcept>

namespace tutti::bench {
namespace {

using proto::SamplePos;

// An unpaced stream is so far ahead of its decoder that the decoder never waits for it.
constexpr SamplePos kAhead = proto::kSampleRate;

struct Speaker {
    std::vector<std::int16_t> audio;
    std::string letters, heard;
    std::size_t chunk = 0;
    bool is_finished = false;
};

// What a gateway does, with speakers in place of clients.
class Speakers {
  public:
    Speakers(EngineProcess& engine, const Load& load, std::uint32_t epoch)
        : engine_(engine), load_(load), epoch_(epoch) {
        for (std::size_t i = 0; i < load.streams; ++i) {
            auto& speaker = speakers_.emplace_back();
            speaker.letters = letters_of(load, i);
            speaker.audio = engine::sherpa::speak_tones(speaker.letters);
        }
    }

    Carried run() {
        start_ = Clock::now();
        const auto cpu = cpu_seconds() + engine_.cpu_seconds();
        for (std::size_t i = 0; i < speakers_.size(); ++i) {
            engine_.post(proto::Open{
                .ref = ref_of(i), .wants_partials = true, .endpoint_silence = kNoEndpoint});
            come_again(i, 0);
        }
        while (over_ < speakers_.size()) {
            const auto limit =
                timeline_.empty() ? Clock::now() + std::chrono::seconds(60) : timeline_.top().first;
            if (const auto message = engine_.next(limit))
                std::visit([this](const auto& what) { take(what); }, *message);
            else if (timeline_.empty())
                throw std::runtime_error("the engine is silent");
            speak_when_due();
        }
        carried_.wall = Seconds(Clock::now() - start_).count();
        carried_.cpu = cpu_seconds() + engine_.cpu_seconds() - cpu;
        return std::move(carried_);
    }

  private:
    using Coming = std::pair<Clock::time_point, std::size_t>;
    static constexpr proto::Millis kNoEndpoint{10000};

    proto::StreamRef ref_of(std::size_t index) const {
        return {static_cast<std::uint32_t>(index + 1), epoch_};
    }

    void come_again(std::size_t index, SamplePos decoded) {
        auto& speaker = speakers_[index];
        if (load_.is_paced && !speaker.is_finished) {
            timeline_.emplace(start_ + due(load_, index, speaker.chunk), index);
            return;
        }
        while (!speaker.is_finished &&
               static_cast<SamplePos>(speaker.chunk * load_.chunk) < decoded + kAhead)
            speak(index);
    }

    void speak_when_due() {
        while (!timeline_.empty() && timeline_.top().first <= Clock::now()) {
            const auto index = timeline_.top().second;
            timeline_.pop();
            speak(index);
            come_again(index, 0);
        }
    }

    void speak(std::size_t index) {
        auto& speaker = speakers_[index];
        const auto at = speaker.chunk++ * load_.chunk;
        if (at >= speaker.audio.size()) {
            speaker.is_finished = true;
            return engine_.post(proto::Finish{ref_of(index)});
        }
        const auto size = std::min(load_.chunk, speaker.audio.size() - at);
        engine_.post(proto::Audio{ref_of(index),
                                  static_cast<SamplePos>(at),
                                  {reinterpret_cast<const char*>(speaker.audio.data() + at),
                                   size * sizeof(std::int16_t)}});
    }

    void take(const proto::Credit& credit) { note(credit.ref, credit.decoded_up_to); }
    void take(const proto::Partial& partial) {
        note(partial.ref, proto::to_samples(partial.utterance.end));
    }
    void take(const proto::Final& final) {
        engine::sherpa::append_text(speakers_[final.ref.stream - 1].heard, final.utterance.text);
    }
    void take(const proto::Finished& finished) {
        const auto& speaker = speakers_[finished.ref.stream - 1];
        carried_.wrong += speaker.heard != spelt(speaker.letters);
        ++over_;
    }
    void take(const proto::Failed& failed) { throw std::runtime_error(failed.why); }
    void take(const auto&) {}

    // The latency is that of the last chunk that is decoded, when the engine tells it.
    void note(proto::StreamRef ref, SamplePos decoded) {
        const auto index = ref.stream - 1;
        const auto chunks = static_cast<std::size_t>(decoded) / load_.chunk;
        if (!load_.is_paced) return come_again(index, decoded);
        if (chunks == 0) return;
        const auto came = start_ + due(load_, index, chunks - 1);
        carried_.latencies.push_back(Seconds(Clock::now() - came).count());
    }

    EngineProcess& engine_;
    const Load& load_;
    const std::uint32_t epoch_;
    Carried carried_;
    Clock::time_point start_;
    std::vector<Speaker> speakers_;
    std::priority_queue<Coming, std::vector<Coming>, std::greater<>> timeline_;
    std::size_t over_ = 0;
};

}  // namespace

Carried carry_by_process(EngineProcess& engine, const Load& load) {
    static std::uint32_t epoch = 0;
    return Speakers(engine, load, ++epoch).run();
}

}  // namespace tutti::bench
