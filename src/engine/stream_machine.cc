// SPDX-License-Identifier: Apache-2.0
#include "engine/stream_machine.h"

#include <algorithm>

namespace tutti::engine {
namespace {

using proto::FinalCause;
using proto::to_millis;

constexpr std::size_t kBlock = proto::kSampleRate / 10;
constexpr SamplePos kCreditStep = proto::kSampleRate / 2;
// Kept while an utterance runs: the next one begins at most its preroll before the end is seen.
constexpr SamplePos kRetained = proto::kSampleRate / 2;
constexpr SamplePos kWholeSlack = proto::kSampleRate;
// Lengths are cut here, where it is known what was set aside.
constexpr proto::Millis kNoEndpointerLimit = std::chrono::hours(24);
constexpr proto::Millis kShortestSilence{50};
constexpr proto::Millis kLongestSilence{10000};

audio::EndpointerOptions endpointer_options(const proto::Open& open, const Hearing& hearing) {
    auto options = hearing.endpoints;
    if (open.endpoint_silence.count() > 0)
        options.end_silence = std::clamp(open.endpoint_silence, kShortestSilence, kLongestSilence);
    options.max_utterance = kNoEndpointerLimit;
    return options;
}

// Whole streams are one utterance: nothing is looked for in them.
std::unique_ptr<audio::FrameDetector> detector_for(const proto::Open& open,
                                                   const Hearing& hearing) {
    if (open.mode != proto::StreamMode::live || !hearing.make_detector) return nullptr;
    return hearing.make_detector();
}

// A word's time is when the model was sure of it; it may sound longer than that.
constexpr proto::Millis kBeyondSilence{500};

SamplePos after_words(const proto::Open& open, const Hearing& hearing) {
    if (hearing.after_words.count() == 0 || open.mode != proto::StreamMode::live) return 0;
    const auto silence = endpointer_options(open, hearing).end_silence;
    return proto::to_samples(std::max(hearing.after_words, silence + kBeyondSilence));
}

SamplePos size_of(const auto& samples) {
    return static_cast<SamplePos>(samples.size());
}

}  // namespace

StreamMachine::StreamMachine(const proto::Open& open, const Hearing& hearing,
                             SamplePos longest_whole)
    : open_(open),
      longest_whole_(longest_whole),
      endpointer_(endpointer_options(open, hearing), detector_for(open, hearing)),
      ends_with_sound_(hearing.ends_with_sound),
      after_words_(after_words(open, hearing)),
      received_(open.first_sample),
      buffer_first_(open.first_sample),
      credited_decoded_(open.first_sample),
      credited_settled_(open.first_sample) {
}

bool StreamMachine::is_idle() const {
    return pending_.empty() && (is_live() || received_ == open_.first_sample);
}

void StreamMachine::expect(std::span<const std::int16_t> samples) {
    if (is_live()) endpointer_.expect(samples);
}

Result<void> StreamMachine::on_audio(SamplePos first_sample, std::span<const std::int16_t> samples,
                                     Actions& out) {
    if (is_finishing_) return Error(Errc::protocol_violation, "audio after finish");
    if (first_sample != received_) return Error(Errc::protocol_violation, "gap in the audio");
    if (received_ + size_of(samples) > credited_decoded_ + proto::kCreditWindow)
        return Error(Errc::protocol_violation, "audio beyond the credit");
    if (is_live()) {
        for (std::size_t at = 0; at < samples.size(); at += kBlock)
            take_block(samples.subspan(at, std::min(kBlock, samples.size() - at)), out);
    } else {
        collect_whole(samples, out);
    }
    if (!is_over_) send_credit(out);
    return {};
}

Result<void> StreamMachine::on_flush(Actions& out) {
    if (is_finishing_) return Error(Errc::protocol_violation, "flush after finish");
    if (has_open() && ends_with_sound_)
        end_with_sound(FinalCause::flush, out);
    else if (has_open() && received_ > pending_.back().first_fed)
        cut(FinalCause::flush, out);
    const auto last_ended = std::ranges::find_if(pending_.rbegin(), pending_.rend(),
                                                 [](auto& p) { return p.end.has_value(); });
    if (last_ended == pending_.rend())
        out.push_back(Reply{proto::Flushed{open_.ref}});
    else
        ++last_ended->flushes;
    return {};
}

Result<void> StreamMachine::on_finish(Actions& out) {
    if (is_finishing_) return Error(Errc::protocol_violation, "finished twice");
    is_finishing_ = true;
    if (!is_live()) {
        pending_.push_back({.start = open_.first_sample,
                            .first_fed = open_.first_sample,
                            .fed_to = received_,
                            .end = received_,
                            .cause = FinalCause::finish,
                            .audio = std::move(buffer_)});
        launch(out);
    } else if (has_open() && ends_with_sound_) {
        end_with_sound(FinalCause::finish, out);
    } else if (has_open()) {
        end_utterance(received_, FinalCause::finish, Ending::complete, out);
    }
    finish_when_done(out);
    return {};
}

// --- audio ---------------------------------------------------------------------------------------

void StreamMachine::collect_whole(std::span<const std::int16_t> samples, Actions& out) {
    received_ += size_of(samples);
    if (received_ - open_.first_sample > longest_whole_ + kWholeSlack)
        return on_error(Error(Errc::too_long, "the audio is too long for this model"), out, true);
    buffer_.insert(buffer_.end(), samples.begin(), samples.end());
}

void StreamMachine::take_block(std::span<const std::int16_t> block, Actions& out) {
    buffer_.insert(buffer_.end(), block.begin(), block.end());
    received_ += size_of(block);
    for (const auto& event : endpointer_.process(block)) {
        if (const auto* start = std::get_if<audio::SpeechStart>(&event)) {
            if (!has_open()) start_utterance(open_.first_sample + start->at, out);
        } else if (has_open()) {
            const auto at = open_.first_sample + std::get<audio::SpeechEnd>(event).at;
            feed_up_to(at, out);
            end_utterance(at, FinalCause::endpoint, Ending::complete, out);
        }
    }
    if (has_open()) {
        feed_up_to(received_, out);
        if (received_ - pending_.back().start > proto::kMaxUtterance - SamplePos{kBlock})
            cut(FinalCause::length, out);
    }
    trim_buffer();
}

void StreamMachine::start_utterance(SamplePos at, Actions& out) {
    const auto start = std::max(at, buffer_first_);
    pending_.push_back({.start = start, .first_fed = start, .fed_to = start});
    out.push_back(Reply{proto::SpeechStarted{open_.ref, start}});
    if (pending_.size() == 1) launch(out);
}

void StreamMachine::cut(FinalCause cause, Actions& out) {
    end_utterance(received_, cause, Ending::cut, out);
    pending_.push_back(
        {.start = received_, .first_fed = received_, .fed_to = received_, .continues = true});
}

void StreamMachine::end_with_sound(FinalCause cause, Actions& out) {
    const auto at =
        open_.first_sample + endpointer_.end_utterance().value_or(endpointer_.position());
    end_utterance(at, cause, Ending::complete, out);
}

void StreamMachine::feed_up_to(SamplePos position, Actions& out) {
    auto& open = pending_.back();
    if (position <= open.fed_to) return;
    const auto begin = buffer_.begin() + (open.fed_to - buffer_first_);
    const auto end = buffer_.begin() + (position - buffer_first_);
    if (pending_.size() == 1)
        out.push_back(FeedAudio{{begin, end}});
    else
        open.audio.insert(open.audio.end(), begin, end);
    open.fed_to = position;
}

void StreamMachine::trim_buffer() {
    const auto keep =
        has_open() ? received_ - kRetained : open_.first_sample + endpointer_.quiet_up_to();
    if (keep <= buffer_first_) return;
    buffer_.erase(buffer_.begin(), buffer_.begin() + (keep - buffer_first_));
    buffer_first_ = keep;
}

void StreamMachine::end_utterance(SamplePos at, FinalCause cause, Ending ending, Actions& out) {
    auto& open = pending_.back();
    open.end = std::max(at, open.first_fed);
    open.cause = cause;
    open.ending = ending;
    if (pending_.size() > 1) return;
    if (open.is_empty())
        drop_front(out);
    else
        out.push_back(EndUtterance{ending});
}

// --- the utterance at the front ------------------------------------------------------------------

void StreamMachine::launch(Actions& out) {
    auto& front = pending_.front();
    decoded_ = 0;
    last_partial_.clear();
    out.push_back(
        BeginUtterance{{std::exchange(carry_, {}), front.continues, open_.text, open_.hotwords}});
    if (!front.audio.empty()) out.push_back(FeedAudio{std::exchange(front.audio, {})});
    if (front.end) out.push_back(EndUtterance{front.ending});
}

// The silence after a cut turned out to be all: nobody is told of an utterance.
void StreamMachine::drop_front(Actions& out) {
    out.push_back(DropUtterance{});
    pending_.pop_front();
    run_next(out);
}

void StreamMachine::run_next(Actions& out) {
    while (!pending_.empty() && pending_.front().is_empty()) {
        for (int n = pending_.front().flushes; n > 0; --n)
            out.push_back(Reply{proto::Flushed{open_.ref}});
        pending_.pop_front();
    }
    if (!pending_.empty()) launch(out);
}

void StreamMachine::on_progress(SamplePos decoded, Actions& out) {
    if (pending_.empty()) return;
    decoded_ = decoded;
    send_credit(out);
}

bool StreamMachine::wants_partials() const {
    return open_.wants_partials || after_words_ > 0;
}

// What still sounds is another utterance, and so is a word that is being spoken: hence a cut.
bool StreamMachine::is_past_its_words(const Hypothesis& hypothesis) const {
    if (after_words_ == 0 || hypothesis.words.empty() || pending_.size() != 1 || !has_open())
        return false;
    return decoded_ - proto::to_samples(hypothesis.words.back().end) >= after_words_;
}

void StreamMachine::on_partial(Hypothesis hypothesis, Actions& out) {
    if (pending_.empty() || hypothesis.text.empty()) return;
    const bool is_done = is_past_its_words(hypothesis);
    send_partial(std::move(hypothesis), out);
    if (is_done) cut(FinalCause::endpoint, out);
}

void StreamMachine::send_partial(Hypothesis hypothesis, Actions& out) {
    if (!open_.wants_partials || hypothesis.text == last_partial_) return;
    last_partial_ = hypothesis.text;
    const auto& front = pending_.front();
    auto utterance = make_utterance(front, std::move(hypothesis), front.first_fed + decoded_);
    out.push_back(Reply{proto::Partial{open_.ref, std::move(utterance)}});
}

void StreamMachine::on_outcome(Outcome outcome, Actions& out) {
    const auto done = std::move(pending_.front());
    pending_.pop_front();
    carry_ = std::move(outcome.carry);
    const bool sets_aside =
        done.ending == Ending::cut && outcome.settled < done.fed_to - done.first_fed;
    const auto consumed =
        sets_aside ? std::max(done.start, done.first_fed + outcome.settled) : *done.end;
    if (sets_aside) {
        pending_.front().start = consumed;
        pending_.front().has_carry = true;
    }
    out.push_back(
        Reply{proto::Final{open_.ref, make_utterance(done, std::move(outcome.hypothesis), consumed),
                           done.cause, consumed}});
    for (int n = done.flushes; n > 0; --n) out.push_back(Reply{proto::Flushed{open_.ref}});
    run_next(out);
    send_credit(out);
    finish_when_done(out);
}

void StreamMachine::on_error(const Error& error, Actions& out, bool holds_everywhere) {
    out.push_back(Reply{proto::Failed{open_.ref, error.errc(), error.context, holds_everywhere}});
    pending_.clear();
    is_over_ = true;
}

proto::Utterance StreamMachine::make_utterance(const Pending& pending, Hypothesis hypothesis,
                                               SamplePos end) const {
    proto::Utterance utterance;
    utterance.text = std::move(hypothesis.text);
    utterance.words = std::move(hypothesis.words);
    utterance.language = std::move(hypothesis.language);
    utterance.start = to_millis(pending.start);
    utterance.end = to_millis(end);
    for (auto& word : utterance.words) {
        word.start += to_millis(pending.first_fed);
        word.end += to_millis(pending.first_fed);
        utterance.confidence += word.confidence / static_cast<float>(utterance.words.size());
    }
    return utterance;
}

// --- answers -------------------------------------------------------------------------------------

void StreamMachine::send_credit(Actions& out) {
    auto decoded = received_;
    auto settled = open_.first_sample;
    if (!pending_.empty() && is_live()) {
        decoded = pending_.front().first_fed + decoded_;
        settled = pending_.front().start;
    } else if (is_live()) {
        settled += endpointer_.quiet_up_to();
    }
    if (decoded < credited_decoded_ + kCreditStep && settled < credited_settled_ + kCreditStep)
        return;
    credited_decoded_ = std::max(decoded, credited_decoded_);
    credited_settled_ = std::max(settled, credited_settled_);
    out.push_back(Reply{proto::Credit{open_.ref, credited_decoded_, credited_settled_}});
}

void StreamMachine::finish_when_done(Actions& out) {
    if (!is_finishing_ || !pending_.empty()) return;
    out.push_back(Reply{proto::Finished{open_.ref}});
    is_over_ = true;
}

}  // namespace tutti::engine
