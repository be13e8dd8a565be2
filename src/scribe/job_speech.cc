// SPDX-License-Identifier: Apache-2.0
// The part of job.h that tells where somebody speaks.
#include "base/log.h"
#include "scribe/job.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tutti::scribe {
namespace {

constexpr auto use_result = asio::as_tuple(asio::use_awaitable);
// Files are cut by energy when no engine of voice activity answers for this long.
constexpr auto kPatience = std::chrono::seconds(5);

}  // namespace

asio::awaitable<void> Job::detect_speech() {
    auto decoder = start_decoder();
    if (!decoder) co_return fail(decoder.error());
    find_speech(submit_.model);
    std::optional<SpeechSpan> last;
    for (;;) {
        while (take_speech(last) && !finder_->accepts_audio())
            co_await room_.async_wait(use_result);
        if (is_over_) co_return;
        const auto samples = co_await read(*decoder);
        if (!samples) co_return fail(samples.error());
        if (!*samples) break;
        finder_->push(**samples);
    }
    finder_->finish();
    while (take_speech(last) && !finder_->is_over()) co_await room_.async_wait(use_result);
    if (is_over_) co_return;
    if (last) post_speech(*last);
    finder_.reset();
    on_decoded();
}

void Job::find_speech(const std::string& vad) {
    finder_.emplace(context_.engines, vad, context_.config.endpoint_silence,
                    [this] { room_.cancel(); });
}

// Nullptr when it is cut by energy. A text that is aligned is, since a segment must begin at the
// same sample when the file is gone through again.
const config::Model* Job::vad_for_file() const {
    const auto* model = config::find_model(context_.config, submit_.model);
    const auto* vad = model ? config::vad_of_files(context_.config, *model) : nullptr;
    const bool is_usable = vad && submit_.text.empty() && context_.engines.is_served(vad->id);
    return is_usable ? vad : nullptr;
}

// Cuts where speech was found. False while the finder is to be waited for.
bool Job::listen(audio::Segmenter& segmenter) {
    if (!finder_) return true;
    for (const auto& span : finder_->take_spans()) segmenter.note_speech(span.start, span.end);
    if (!finder_->failure()) segmenter.judge_up_to(finder_->settled());
    const bool must_wait = !finder_->is_over() && !finder_->accepts_audio();
    const bool is_late = finder_->waits_since() + kPatience <= std::chrono::steady_clock::now();
    if (finder_->failure() || is_late) {
        log::warn("job={} is cut by energy from here on: the model '{}' {}", submit_.job_id,
                  finder_->model(), is_late ? "does not answer" : finder_->failure()->message());
        finder_.reset();
        segmenter.go_on_by_energy();
    }
    take_segments(segmenter);
    return !finder_ || !must_wait;
}

asio::awaitable<void> Job::listen_to_end(audio::Segmenter& segmenter) {
    if (!finder_) co_return;
    finder_->finish();
    for (;;) {
        listen(segmenter);
        if (!finder_ || finder_->is_over()) break;
        co_await room_.async_wait(use_result);
    }
    finder_.reset();
}

// What was found is told, but for the last span: more of it may follow. False when the job is over.
bool Job::take_speech(std::optional<SpeechSpan>& last) {
    if (finder_->failure()) fail(*finder_->failure());
    if (is_over_) return false;
    for (const auto& span : finder_->take_spans()) {
        if (last && span.start <= last->end) {
            last->end = span.end;
            continue;
        }
        if (last) post_speech(*last);
        last = span;
    }
    assembly_.note_cut_up_to(last ? last->start : finder_->settled());
    return true;
}

void Job::post_speech(const SpeechSpan& span) {
    proto::Utterance utterance;
    utterance.start = proto::to_millis(span.start);
    utterance.end = proto::to_millis(span.end);
    channel_->post(proto::Segment{std::move(utterance)});
}

}  // namespace tutti::scribe
