// SPDX-License-Identifier: Apache-2.0
#include "scribe/job.h"

#include "audio/segmenter.h"
#include "base/log.h"
#include "policy/text_match.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tutti::scribe {
namespace {

using runtime::Metric;
using std::chrono::steady_clock;

constexpr auto kSubmitLimit = std::chrono::seconds(10);
constexpr auto kLingerLimit = std::chrono::seconds(5);
constexpr auto kTick = std::chrono::milliseconds(200);
constexpr std::size_t kOutbox = 8 << 20;
// What is heard meanwhile is kept, and matched in one go.
constexpr proto::Millis kLongestAligned = std::chrono::minutes(10);
constexpr auto kNever = steady_clock::time_point::max();
constexpr auto use_result = asio::as_tuple(asio::use_awaitable);

// Rounded up: the decoder counts in seconds.
std::chrono::seconds max_audio(const proto::Submit& submit, const config::Config& config) {
    const auto limit = std::chrono::ceil<std::chrono::seconds>(submit.max_duration);
    return limit.count() > 0 ? std::min(limit, config.max_audio) : config.max_audio;
}

}  // namespace

Job::Job(JobContext& context, runtime::UnixSocket socket)
    : context_(context),
      socket_(std::move(socket)),
      changed_(context.loop, kNever),
      room_(context.loop, kNever),
      ended_(context.loop, kNever),
      writer_(context.loop),
      tasks_(context.loop) {
}

asio::awaitable<void> Job::run() {
    ended_.expires_after(kSubmitLimit);
    tasks_.spawn("job", work());
    while (!is_over_) {
        const auto [error] = co_await ended_.async_wait(use_result);
        if (!error && !channel_) is_over_ = true;
    }
    tasks_.cancel();
    co_await tasks_.wait();
    segments_.clear();
    finder_.reset();
    speakers_.reset();
    context_.engines.look_again();
    running_.reset();
    place_.reset();
    if (answer_) co_await send_answer();
    if (channel_) channel_->close();
    co_await writer_.wait();
}

void Job::cancel() {
    if (std::exchange(is_over_, true) && channel_) channel_->close();
    ended_.cancel();
}

void Job::hand_back() {
    is_handed_back_ = true;
    if (channel_) end(proto::Rejected{Errc::canceled, "the scribe drains"});
}

asio::awaitable<void> Job::work() {
    if (!co_await receive()) co_return cancel();
    if (is_handed_back_) co_return hand_back();
    tasks_.spawn("job gateway watch", watch_gateway());
    auto place = co_await context_.places.take();
    if (!place) co_return fail(place.error());
    place_.emplace(std::move(*place));
    running_.emplace(context_.slot, Metric::jobs_running);
    served_at_ = steady_clock::now();
    channel_->post(proto::Begun{});
    if (!submit_.speaker_model.empty() && submit_.text.empty())
        speakers_.emplace(context_.engines, submit_, context_.config.engine_wait,
                          [this] { changed_.cancel(); });
    tasks_.spawn("job results", collect());
    const auto* model = config::find_model(context_.config, submit_.model);
    if (model && model->kind == models::Kind::vad)
        co_await detect_speech();
    else if (submit_.text.empty())
        co_await recognise();
    else
        co_await align();
}

asio::awaitable<bool> Job::receive() {
    auto received = co_await runtime::receive_with_fd(socket_, proto::kMaxJobFrame);
    if (!received) {
        log::debug("no job: {}", received.error().message());
        co_return false;
    }
    const auto body = std::string_view(received->first).substr(proto::kFrameHeader);
    auto message = proto::decode<proto::ToScribe>(body);
    if (!message) {
        log::error("no job: {}", message.error().message());
        context_.slot.add(Metric::protocol_violations);
        co_return false;
    }
    submit_ = std::get<proto::Submit>(std::move(*message));
    file_ = std::move(received->second);
    channel_.emplace(std::move(socket_),
                     runtime::IpcChannel::Limits{.frame = proto::kMaxJobFrame, .outbox = kOutbox});
    writer_.spawn("job writer", channel_->run_writer());
    ended_.expires_at(kNever);
    co_return true;
}

// The gateway says nothing after the job, so whatever comes is the end.
asio::awaitable<void> Job::watch_gateway() {
    const auto error = co_await channel_->fill();
    if (error == asio::error::operation_aborted) co_return;
    log::debug("job={} cancelled by its gateway", submit_.job_id);
    cancel();
}

// --- from the file to segments -------------------------------------------------------------------

Result<runtime::DecoderProcess> Job::start_decoder() {
    const runtime::DecoderOptions options{context_.config.program_dir,
                                          max_audio(submit_, context_.config)};
    return runtime::DecoderProcess::start_file(context_.loop, options, file_.get());
}

// The next samples; none at the end.
asio::awaitable<Result<std::optional<Job::Samples>>> Job::read(runtime::DecoderProcess& decoder) {
    auto samples = co_await decoder.read();
    if (samples && *samples) {
        claimed_duration_ = decoder.header()->claimed_duration;
        decoded_ += static_cast<proto::SamplePos>((*samples)->size());
        context_.slot.add(Metric::job_audio_samples, static_cast<std::int64_t>((*samples)->size()));
    }
    co_return samples;
}

asio::awaitable<void> Job::recognise() {
    auto decoder = start_decoder();
    if (!decoder) co_return fail(decoder.error());
    const auto* vad = vad_for_file();
    audio::Segmenter segmenter({},
                               vad ? audio::Segmenter::Ears::told : audio::Segmenter::Ears::energy);
    if (vad) find_speech(vad->id);
    for (;;) {
        while (!listen(segmenter) || !has_room()) co_await room_.async_wait(use_result);
        const auto samples = co_await read(*decoder);
        if (!samples) co_return fail(samples.error());
        if (!*samples) break;
        if (!submit_.text.empty() && proto::to_millis(decoded_) > kLongestAligned)
            co_return fail(Error(Errc::too_long, "audio to be aligned may last 10 minutes"));
        if (speakers_) speakers_->push(**samples);
        segmenter.push(**samples);
        if (finder_) finder_->push(**samples);
        take_segments(segmenter);
        assembly_.note_cut_up_to(decoded_ -
                                 static_cast<proto::SamplePos>(segmenter.samples_kept()));
    }
    co_await listen_to_end(segmenter);
    segmenter.finish();
    take_segments(segmenter);
    on_decoded();
}

void Job::on_decoded() {
    assembly_.note_cut_up_to(decoded_);
    is_decoded_ = true;
    if (speakers_) speakers_->finish();
    changed_.cancel();
}

bool Job::has_room() const {
    return segments_.size() < context_.engines.whole_slots(submit_.model) + 2 &&
           assembly_.held() < kMaxHeld;
}

void Job::take_segments(audio::Segmenter& segmenter) {
    while (auto segment = segmenter.next()) {
        if (pieces_.empty()) {
            add_segment(std::move(*segment), {});
            continue;
        }
        const auto piece = pieces_.find(proto::to_millis(segment->first_sample));
        if (piece == pieces_.end()) continue;  // nothing of the text is in it
        pieces_under_way_[add_segment(std::move(*segment), piece->second.text)] = &piece->second;
    }
}

std::size_t Job::add_segment(audio::Segment segment, std::string text) {
    const auto index = assembly_.add(segment.first_sample);
    segments_.emplace(index, std::make_unique<dispatch::WholeStream>(
                                 context_.engines, submit_.model, std::move(segment),
                                 std::move(text), [this] { changed_.cancel(); }, submit_.hotwords));
    changed_.cancel();
    return index;
}

// --- from segments to messages -------------------------------------------------------------------

asio::awaitable<void> Job::collect() {
    for (auto next_tick = steady_clock::now() + kTick;;) {
        changed_.expires_at(next_tick);
        co_await changed_.async_wait(use_result);
        take_results();
        if (is_over_) co_return;
        if (const auto now = steady_clock::now(); now >= next_tick) {
            next_tick = now + kTick;
            on_tick();
        }
        ask_for_engines();
    }
}

void Job::take_results() {
    const auto before = segments_.size();
    for (auto it = segments_.begin(); it != segments_.end();) {
        const auto& outcome = it->second->outcome();
        if (outcome && *outcome) {
            assembly_.put(it->first, **outcome);
        } else if (outcome) {
            auto guessed = guess(it->first, outcome->error());
            if (!guessed) return fail(outcome->error());
            assembly_.put(it->first, std::move(*guessed));
        }
        it = outcome ? segments_.erase(it) : std::next(it);
    }
    while (auto utterance = assembly_.next()) {
        if (is_hearing_)
            heard_.push_back(std::move(*utterance));
        else
            channel_->post(proto::Segment{std::move(*utterance)});
    }
    if (segments_.size() < before) {
        room_.cancel();
        context_.engines.look_again();
    }
    finish_when_done();
}

void Job::finish_when_done() {
    if (speakers_) speakers_->advance(steady_clock::now());
    if (speakers_ && speakers_->failure()) return fail(*speakers_->failure());
    const bool waits = !segments_.empty() || (speakers_ && !speakers_->is_over());
    if (is_hearing_ || !is_decoded_ || waits) return;
    post_progress();
    if (speakers_ && !speakers_->turns().empty())
        channel_->post(proto::Speakers{speakers_->turns()});
    end(proto::Done{proto::to_millis(decoded_)});
}

// A piece of a long text that does not fit its segment is no reason to fail: the match may have
// given it words of a neighbour.
std::optional<proto::Utterance> Job::guess(std::size_t index, const Error& error) const {
    const auto piece = pieces_under_way_.find(index);
    if (error.errc() != Errc::bad_request || piece == pieces_under_way_.end()) return std::nullopt;
    const auto& [text, heard] = *piece->second;
    return policy::spread_words(text, heard.start, heard.end);
}

// The earliest segment first: the transcript waits for it.
void Job::ask_for_engines() {
    for (const auto& [index, segment] : segments_) {
        if (segment->is_asking()) return;
        if (!segment->wants_engine()) continue;
        segment->ask();
        if (segment->is_asking()) return;
    }
}

void Job::on_tick() {
    post_progress();
    const auto now = steady_clock::now();
    bool is_engine_wanted = finder_ && finder_->model() == submit_.model && finder_->is_seeking();
    for (const auto& [index, segment] : segments_) {
        segment->give_up_silent_engine(now);
        is_engine_wanted = is_engine_wanted || segment->wants_engine();
    }
    const auto& engines = context_.engines;
    if (const auto refusal = engines.refusal(submit_.model); refusal && is_engine_wanted)
        fail(*refusal);
    else if (!is_engine_wanted || engines.is_served(submit_.model) ||
             engines.is_loading(submit_.model))
        served_at_ = now;
    else if (now - served_at_ >= context_.config.engine_wait)
        fail(Error(Errc::unavailable, "the model is not available at the moment"));
    // Engines may have become more.
    if (has_room()) room_.cancel();
}

void Job::post_progress() {
    const proto::Progress progress{proto::to_millis(assembly_.recognised()),
                                   proto::to_millis(decoded_), claimed_duration_};
    if (told_ && proto::Progress::tied(*told_) == proto::Progress::tied(progress)) return;
    channel_->post(progress);
    told_ = progress;
}

// --- the end -------------------------------------------------------------------------------------

void Job::fail(const Error& error) {
    // To whoever sent the text, one fault of it is like another.
    const auto cause = error.errc() == Errc::bad_parameter ? Errc::bad_request : error.errc();
    if (cause == Errc::canceled || is_over_) return;
    const bool is_ours = cause == Errc::io || cause == Errc::internal || cause == Errc::unavailable;
    spdlog::log(is_ours ? spdlog::level::warn : spdlog::level::debug, "job={} failed: {}: {}",
                submit_.job_id, name_of(cause), error.message());
    context_.slot.add(Metric::jobs_failed);
    if (cause == Errc::io)
        end(proto::Rejected{Errc::internal, "the file could not be processed"});
    else
        end(proto::Rejected{cause, error.message()});
}

void Job::end(proto::FromScribe answer) {
    if (std::exchange(is_over_, true)) return;
    if (std::holds_alternative<proto::Done>(answer)) context_.slot.add(Metric::jobs_done);
    answer_ = std::move(answer);
    ended_.cancel();
}

asio::awaitable<void> Job::send_answer() {
    std::visit([this](const auto& message) { channel_->post(message); }, *answer_);
    channel_->close_when_written();
    tasks_.spawn("job linger", linger());
    co_await writer_.wait();
    tasks_.cancel();
    co_await tasks_.wait();
}

// A gateway that does not read its answer is not waited for.
asio::awaitable<void> Job::linger() {
    ended_.expires_after(kLingerLimit);
    const auto [error] = co_await ended_.async_wait(use_result);
    if (!error) channel_->close();
}

}  // namespace tutti::scribe
