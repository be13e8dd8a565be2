// SPDX-License-Identifier: Apache-2.0
// The part of job.h that tells where somebody speaks.
#include "scribe/job.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tutti::scribe {
namespace {

constexpr auto use_result = asio::as_tuple(asio::use_awaitable);

}  // namespace

asio::awaitable<void> Job::detect_speech() {
    auto decoder = start_decoder();
    if (!decoder) co_return fail(decoder.error());
    finder_.emplace(context_.engines, submit_.model, context_.config.endpoint_silence,
                    [this] { room_.cancel(); });
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
