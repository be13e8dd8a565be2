// SPDX-License-Identifier: Apache-2.0
// What a live client is told once an utterance is over, in order, while another model is asked
// about each final: a better one about its audio, or one that punctuates about its text. Pure: the
// clock is the caller's, the shell (gateway/second_pass) asks.
//
//   refiner.on_told(final, now);  refiner.on_told(TellFlushed{}, now);
//   refiner.on_answer(number, utterance, now);  refiner.on_time(now);
//   for (auto& a : refiner.take_actions()) ...
//
// 1. A final that brings audio (for marks: text) is asked about. It is told once: with the second
//    model's text, words and confidence, or with its marks alone; or with the first model's when
//    the answer is an error, is not there within `limit`, or is no longer worth waiting for
//    (give_up). Cause, start and end are the first's.
// 2. Whatever else is told waits for the finals before it, and for nothing else.
// 3. Audio of at most `audio_limit` is with the second model; a final that brings more than fits is
//    not asked about.
// 4. With a breaker, which all refiners of one model share, the model is not asked while that says
//    so. A model that is unavailable fails, and so does one that misses the limit though it is
//    loaded; other errors, and what nobody waits for any more, teach nothing.
// 5. The end of speech is told with the end of the last word that was told, or not at all when the
//    second model heard no word since the last one.
#pragma once

#include "base/error.h"
#include "policy/breaker.h"
#include "policy/session_machine.h"

#include <chrono>
#include <cstdint>
#include <deque>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace tutti::policy {

// What has its place in the order.
using Told = std::variant<TellFinal, TellUtteranceEnd, TellFlushed, TellFinished, TellFailed>;

// Send the audio, or the text, to the other model, then call on_answer with the number.
struct AskSecond {
    std::uint64_t number;
    SamplePos first_sample;
    std::vector<std::int16_t> audio;
    std::string text = {};
};
// Its answer is not waited for any more.
struct StopAsking {
    std::uint64_t number;
};
using RefinerAction = std::variant<AskSecond, StopAsking, Told>;

class Refiner {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;
    enum class About { audio, text };
    struct Options {
        About about = About::audio;
        Millis limit{5000};
        SamplePos audio_limit = 2 * proto::kMaxUtterance;
    };
    // How the finals that were to be asked about ended.
    struct Counts {
        std::int64_t refined = 0;
        std::int64_t kept = 0;     // with the first model's text
        std::int64_t skipped = 0;  // of these, because of the breaker
    };

    // `breaker` outlives this; nullptr = the model is always asked.
    explicit Refiner(Options options, Breaker* breaker = nullptr)
        : options_(options), breaker_(breaker) {}
    Refiner(const Refiner&) = delete;
    Refiner& operator=(const Refiner&) = delete;
    ~Refiner() { give_up(); }

    void on_told(Told told, TimePoint now);
    // Answers that are not waited for any more are ignored.
    void on_answer(std::uint64_t number, Result<proto::Utterance> answer, TimePoint now);
    // It could not be asked at all: nobody serves the model.
    void on_refused(std::uint64_t number);
    // `is_loading`: the model cannot have answered yet.
    void on_time(TimePoint now, bool is_loading = false);
    // Everything is told now.
    void give_up();

    std::vector<RefinerAction> take_actions() { return std::exchange(actions_, {}); }

    // When to call on_time; nullopt while nothing waits.
    std::optional<TimePoint> deadline() const;
    bool is_idle() const { return queue_.empty(); }
    // Where the last final given to on_told ends, whether it was told or waits.
    Millis end_of_finals() const { return end_of_finals_; }
    Counts counts() const { return counts_; }

  private:
    struct Waiting {
        Told told;
        std::uint64_t number = 0;
        TimePoint deadline{};
        SamplePos audio_size = 0;
        bool is_asked = false;  // and the answer is not there
        Breaker::Ticket ticket;
    };

    bool is_asked_about(const TellFinal& final) const;
    void ask(Waiting& entry, TimePoint now);
    bool may_ask(Waiting& entry, TimePoint now);
    Waiting* find_asked(std::uint64_t number);
    void judge(const Waiting& entry, bool has_succeeded, TimePoint now);
    // False when the answer is of no use.
    bool take(proto::Utterance& utterance, proto::Utterance answer) const;
    void abandon(Waiting& entry);
    void keep_first(Waiting& entry);
    void settle(Waiting& entry);
    void release();
    void tell(Told told);

    Options options_;
    Breaker* breaker_;
    std::deque<Waiting> queue_;
    std::vector<RefinerAction> actions_;
    std::uint64_t next_number_ = 1;
    SamplePos audio_asked_ = 0;
    Millis end_of_finals_{};
    std::optional<Millis> last_word_end_;  // told since speech ended last
    Counts counts_;
};

}  // namespace tutti::policy
