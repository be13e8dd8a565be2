// SPDX-License-Identifier: Apache-2.0
// The half of DecodeLoop that uses recognizers: on a decode thread, without the mutex.
#include "engine/decode_loop_parts.h"

namespace tutti::engine {
namespace {

constexpr SamplePos kPartialInterval = proto::kSampleRate / 5;

// Calls what may throw; then the slice has an error and its stream is gone.
template <class Slice, class Call>
void attempt(Slice& slice, Call&& call) {
    try {
        call();
    } catch (const std::exception&) {
        slice.fail();
    }
}

}  // namespace

void DecodeLoop::Slice::fail() {
    job->stream.reset();
    outcome.reset();
    try {
        throw;
    } catch (const RecognitionError& e) {
        error = e.error;
        holds_everywhere = true;
    } catch (const std::exception& e) {
        error = Error(Errc::internal, e.what());
    }
}

// One decode call at most, with the slices that waited longest. Returns those that are through; the
// others go to the end of the queue.
std::vector<DecodeLoop::Slice> DecodeLoop::step(Recognizer& recognizer, std::deque<Slice>& slices) {
    std::vector<Slice> done, batch;
    const auto limit = recognizer.batch_limit();
    while (!slices.empty() && batch.size() < limit) {
        auto& slice = slices.front();
        if (!slice.is_heard) hear(recognizer, slice);
        (is_ready(slice) ? batch : done).push_back(std::move(slice));
        slices.pop_front();
    }
    if (!batch.empty()) decode(recognizer, batch);
    for (auto& slice : batch) {
        if (is_ready(slice))
            slices.push_back(std::move(slice));
        else
            done.push_back(std::move(slice));
    }
    for (auto& slice : done) settle(slice);
    return done;
}

void DecodeLoop::hear(Recognizer& recognizer, Slice& slice) {
    auto& job = *slice.job;
    slice.is_heard = true;
    if (slice.is_cancelled) return;
    attempt(slice, [&] {
        if (!job.stream) job.stream = recognizer.create_stream(std::move(job.options.stream));
        if (!slice.audio.empty()) job.stream->accept_audio(slice.audio);
        job.decoded += static_cast<SamplePos>(slice.audio.size());
        slice.audio = std::vector<std::int16_t>();  // an hour, where speakers are told
        if (slice.ending) job.stream->input_finished(*slice.ending);
    });
}

bool DecodeLoop::is_ready(Slice& slice) {
    bool is_ready = false;
    if (slice.job->stream && !slice.is_cancelled)
        attempt(slice, [&] { is_ready = slice.job->stream->is_ready(); });
    return is_ready;
}

void DecodeLoop::decode(Recognizer& recognizer, std::vector<Slice>& batch) {
    std::vector<RecognizerStream*> streams;
    streams.reserve(batch.size());
    for (const auto& slice : batch) streams.push_back(slice.job->stream.get());
    try {
        recognizer.decode(streams);
    } catch (const std::exception&) {
        for (auto& slice : batch) slice.fail();
    }
}

void DecodeLoop::settle(Slice& slice) {
    auto& job = *slice.job;
    if (slice.is_cancelled) job.stream.reset();
    if (!job.stream) return;
    attempt(slice, [&] {
        if (slice.ending) {
            slice.outcome = job.stream->result();
            job.stream.reset();
        } else if (job.options.wants_partials &&
                   job.decoded - job.last_partial >= kPartialInterval) {
            slice.partial = job.stream->partial();
            job.last_partial = job.decoded;
        }
    });
}

}  // namespace tutti::engine
