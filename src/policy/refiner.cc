// SPDX-License-Identifier: Apache-2.0
#include "policy/refiner.h"

#include "policy/written_words.h"

#include <algorithm>

namespace tutti::policy {

void Refiner::on_told(Told told, TimePoint now) {
    auto& entry = queue_.emplace_back(Waiting{.told = std::move(told)});
    if (auto* final = std::get_if<TellFinal>(&entry.told)) {
        end_of_finals_ = std::max(end_of_finals_, final->utterance.end);
        if (is_asked_about(*final)) ask(entry, now);
    }
    release();
}

bool Refiner::is_asked_about(const TellFinal& final) const {
    return options_.about == About::text ? !final.utterance.text.empty() : !final.audio.empty();
}

void Refiner::ask(Waiting& entry, TimePoint now) {
    auto& final = std::get<TellFinal>(entry.told);
    auto audio = std::exchange(final.audio, {});
    const auto size = static_cast<SamplePos>(audio.size());
    if (audio_asked_ + size > options_.audio_limit || !may_ask(entry, now)) {
        ++counts_.kept;
        return;
    }
    audio_asked_ += size;
    entry.audio_size = size;
    entry.number = next_number_++;
    entry.deadline = now + options_.limit;
    entry.is_asked = true;
    actions_.emplace_back(
        AskSecond{entry.number, final.first_sample, std::move(audio),
                  options_.about == About::text ? final.utterance.text : std::string()});
}

bool Refiner::may_ask(Waiting& entry, TimePoint now) {
    if (!breaker_) return true;
    const auto ticket = breaker_->admit(now);
    if (ticket)
        entry.ticket = *ticket;
    else
        ++counts_.skipped;
    return ticket.has_value();
}

Refiner::Waiting* Refiner::find_asked(std::uint64_t number) {
    const auto entry = std::ranges::find_if(
        queue_, [number](const auto& one) { return one.is_asked && one.number == number; });
    return entry == queue_.end() ? nullptr : &*entry;
}

void Refiner::judge(const Waiting& entry, bool has_succeeded, TimePoint now) {
    if (breaker_) breaker_->on_result(now, entry.ticket, has_succeeded);
}

void Refiner::on_answer(std::uint64_t number, Result<proto::Utterance> answer, TimePoint now) {
    auto* entry = find_asked(number);
    if (!entry) return;
    // Other errors are about this audio, and were told at once.
    if (answer || answer.error().errc() == Errc::unavailable)
        judge(*entry, answer.has_value(), now);
    else if (breaker_)
        breaker_->on_abandoned(entry->ticket);
    settle(*entry);
    const bool is_taken =
        answer && take(std::get<TellFinal>(entry->told).utterance, std::move(*answer));
    ++(is_taken ? counts_.refined : counts_.kept);
    release();
}

void Refiner::on_refused(std::uint64_t number) {
    auto* entry = find_asked(number);
    if (!entry) return;
    abandon(*entry);
    release();
}

bool Refiner::take(proto::Utterance& utterance, proto::Utterance answer) const {
    if (options_.about == About::text) {
        Utterances one{utterance};
        if (!take_marks(one, answer.text)) return false;
        show_words(one);
        utterance = std::move(one.front());
        return true;
    }
    utterance.text = std::move(answer.text);
    utterance.words = std::move(answer.words);
    utterance.confidence = answer.confidence;
    utterance.language = std::move(answer.language);
    return true;
}

void Refiner::on_time(TimePoint now, bool is_loading) {
    for (auto& entry : queue_) {
        if (!entry.is_asked || entry.deadline > now) continue;
        if (is_loading) {
            abandon(entry);
        } else {
            judge(entry, false, now);
            keep_first(entry);
        }
    }
    release();
}

void Refiner::give_up() {
    for (auto& entry : queue_)
        if (entry.is_asked) abandon(entry);
    release();
}

std::optional<Refiner::TimePoint> Refiner::deadline() const {
    // One limit for all: who was asked first is due first.
    const auto first = std::ranges::find_if(queue_, &Waiting::is_asked);
    return first == queue_.end() ? std::nullopt : std::optional(first->deadline);
}

// Its answer teaches nothing, whatever it would be.
void Refiner::abandon(Waiting& entry) {
    if (breaker_) breaker_->on_abandoned(entry.ticket);
    keep_first(entry);
}

void Refiner::keep_first(Waiting& entry) {
    actions_.emplace_back(StopAsking{entry.number});
    ++counts_.kept;
    settle(entry);
}

void Refiner::settle(Waiting& entry) {
    entry.is_asked = false;
    audio_asked_ -= entry.audio_size;
}

void Refiner::release() {
    while (!queue_.empty() && !queue_.front().is_asked) {
        auto told = std::move(queue_.front().told);
        queue_.pop_front();
        tell(std::move(told));
    }
}

void Refiner::tell(Told told) {
    if (const auto* final = std::get_if<TellFinal>(&told)) {
        const auto& utterance = final->utterance;
        // Not every model knows the times of its words.
        if (!utterance.text.empty())
            last_word_end_ = utterance.words.empty() ? utterance.end : utterance.words.back().end;
    } else if (auto* speech_end = std::get_if<TellUtteranceEnd>(&told)) {
        if (!last_word_end_) return;
        speech_end->last_word_end = *std::exchange(last_word_end_, {});
    }
    actions_.emplace_back(std::move(told));
}

}  // namespace tutti::policy
