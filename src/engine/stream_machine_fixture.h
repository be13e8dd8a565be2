// SPDX-License-Identifier: Apache-2.0
// For tests of the stream machine: the machine with what it does written down, and sounds for it.
#pragma once

#include "engine/stream_machine.h"

#include <gtest/gtest.h>

#include <random>

namespace tutti::engine::test {

using proto::Millis;

inline constexpr proto::StreamRef kRef{3, 9};

inline std::vector<std::int16_t> silence(SamplePos length) {
    return std::vector<std::int16_t>(static_cast<std::size_t>(length));
}

inline std::vector<std::int16_t> speech(SamplePos length) {
    auto samples = silence(length);
    std::mt19937 random(5);
    std::uniform_int_distribution<int> noise(-8000, 8000);
    for (auto& sample : samples) sample = static_cast<std::int16_t>(noise(random));
    return samples;
}

inline constexpr SamplePos seconds(double s) {
    return static_cast<SamplePos>(s * proto::kSampleRate);
}

inline Outcome heard(std::string word, SamplePos settled = 1LL << 40, std::any carry = {}) {
    return {{word, {{word, Millis(100), Millis(200), 0.5f}}}, settled, std::move(carry)};
}

// The machine, with what it does written down: begin, begin+ (continues), end, cut, drop, and its
// replies by name. Credits and fed audio are kept apart.
class Subject {
  public:
    explicit Subject(proto::StreamMode mode = proto::StreamMode::live, SamplePos first_sample = 0,
                     const Hearing& hearing = {})
        : machine({.ref = kRef, .mode = mode, .wants_partials = true, .first_sample = first_sample},
                  hearing),
          position(first_sample) {}

    Result<void> audio(std::span<const std::int16_t> samples) {
        const auto at = position;
        position += static_cast<SamplePos>(samples.size());
        const auto taken = machine.on_audio(at, samples, actions_);
        write_down();
        return taken;
    }
    // In pieces that no credit is needed for, as if decoding kept up.
    void stream(const std::vector<std::int16_t>& samples) {
        for (std::size_t at = 0; at < samples.size(); at += 800) {
            const auto size = std::min<std::size_t>(800, samples.size() - at);
            ASSERT_TRUE(audio(std::span(samples).subspan(at, size)));
            if (is_running) machine.on_progress(fed, actions_);
            write_down();
        }
    }
    void flush() {
        ASSERT_TRUE(machine.on_flush(actions_));
        write_down();
    }
    void finish() {
        ASSERT_TRUE(machine.on_finish(actions_));
        write_down();
    }
    void outcome(Outcome found) {
        is_running = false;
        machine.on_outcome(std::move(found), actions_);
        write_down();
    }
    void partial(std::string text) {
        machine.on_partial({text, {{text, Millis(0), Millis(50), 0}}}, actions_);
        write_down();
    }
    // What happened since the last call.
    std::string events() { return std::exchange(log_, {}); }

    StreamMachine machine;
    SamplePos position;
    SamplePos fed = 0;  // of the utterance begun last
    bool is_running = false;
    StreamOptions options;
    proto::SpeechStarted started;
    std::vector<proto::Final> finals;
    proto::Partial last_partial;
    proto::Credit credit;

  private:
    void write_down() {
        for (auto& action : std::exchange(actions_, {}))
            std::visit([this](auto& a) { on(a); }, action);
    }
    void add(std::string_view event) {
        if (!log_.empty()) log_ += ' ';
        log_ += event;
    }
    void on(BeginUtterance& begin) {
        add(begin.options.continues ? "begin+" : "begin");
        options = begin.options;
        fed = 0;
        is_running = true;
    }
    void on(FeedAudio& feed) { fed += static_cast<SamplePos>(feed.samples.size()); }
    void on(EndUtterance& end) { add(end.ending == Ending::cut ? "cut" : "end"); }
    void on(DropUtterance&) {
        add("drop");
        is_running = false;
    }
    void on(Reply& reply) {
        std::visit([this](auto& message) { on_reply(message); }, reply.message);
    }
    void on_reply(proto::SpeechStarted& m) {
        add("started");
        started = m;
    }
    void on_reply(proto::Partial& m) {
        add("partial");
        last_partial = m;
    }
    void on_reply(proto::Final& m) {
        add("final");
        finals.push_back(m);
    }
    void on_reply(proto::Credit& m) {
        EXPECT_GE(m.decoded_up_to, credit.decoded_up_to);
        EXPECT_GE(m.settled_up_to, credit.settled_up_to);
        credit = m;
    }
    void on_reply(proto::Flushed&) { add("flushed"); }
    void on_reply(proto::Finished&) { add("finished"); }
    void on_reply(proto::Failed&) { add("failed"); }
    void on_reply(auto&) { add("?"); }

    Actions actions_;
    std::string log_;
};

}  // namespace tutti::engine::test
