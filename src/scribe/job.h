// SPDX-License-Identifier: Apache-2.0
// One file on its way to a transcript, from a gateway's connection to the last message on it.
//
//   Job job(context, std::move(socket));
//   co_await job.run();
//
// 1. The file is decoded, cut and recognised as one stream: segments go to engines side by side,
//    and the decoder is not read while whole slots of the engines + 2 segments are under way or
//    kMaxHeld results wait for an earlier one. So memory does not grow with the file.
// 2. At most one segment of a job asks for an engine at a time, so jobs share engines in turns.
// 3. With a text to align, a file of at most kMaxUtterance is one segment. A longer one is gone
//    through twice: first it is recognised, which tells what of the text is in which segment, then
//    each segment is aligned with its piece.
//    Otherwise a served model of voice activity tells where a file is cut. When it cannot, or is
//    slow to, the rest is cut by energy.
// 4. With a model of voice activity nothing is recognised: each segment is where somebody speaks.
// 5. When speakers are asked for, all of the audio is kept for their model as well; its turns come
//    after the last segment (speaker_track.h).
// 6. The gateway closing the connection, or cancel(), ends everything at once: engine streams are
//    cancelled, the decoder is killed, nothing is answered.
//
// Loop thread only.
#pragma once

#include "config/config.h"
#include "dispatch/whole_stream.h"
#include "policy/transcript_assembly.h"
#include "proto/job_messages.h"
#include "runtime/decoder_process.h"
#include "runtime/ipc_channel.h"
#include "runtime/scoreboard.h"
#include "runtime/task_group.h"
#include "scribe/places.h"
#include "scribe/speaker_track.h"
#include "scribe/speech_finder.h"

#include <map>
#include <memory>
#include <optional>

namespace tutti::scribe {

// What the jobs of one scribe have in common.
struct JobContext {
    asio::io_context& loop;
    const config::Config& config;
    runtime::Slot& slot;
    dispatch::Engines& engines;
    Places& places;
};

class Job {
  public:
    static constexpr std::size_t kMaxHeld = 256;

    Job(JobContext& context, runtime::UnixSocket socket);

    asio::awaitable<void> run();
    void cancel();
    // Not begun yet: its gateway shall submit it elsewhere.
    void hand_back();
    // Has a place; it is worth waiting for.
    bool is_running() const { return place_.has_value(); }

  private:
    asio::awaitable<void> work();
    asio::awaitable<bool> receive();
    asio::awaitable<void> watch_gateway();
    using Samples = std::span<const std::int16_t>;  // valid until the next read
    Result<runtime::DecoderProcess> start_decoder();
    asio::awaitable<Result<std::optional<Samples>>> read(runtime::DecoderProcess& decoder);
    asio::awaitable<void> recognise();
    asio::awaitable<void> detect_speech();
    asio::awaitable<void> align();
    asio::awaitable<Result<std::optional<audio::Segment>>> read_short_file();
    asio::awaitable<void> align_in_pieces();
    bool match_what_was_heard();
    void on_decoded();
    asio::awaitable<void> collect();
    asio::awaitable<void> send_answer();
    asio::awaitable<void> linger();

    bool has_room() const;
    const config::Model* vad_for_file() const;
    void find_speech(const std::string& vad);
    bool listen(audio::Segmenter& segmenter);
    asio::awaitable<void> listen_to_end(audio::Segmenter& segmenter);
    void take_segments(audio::Segmenter& segmenter);
    bool take_speech(std::optional<SpeechSpan>& last);
    void post_speech(const SpeechSpan& span);
    std::size_t add_segment(audio::Segment segment, std::string text);
    void take_results();
    std::optional<proto::Utterance> guess(std::size_t index, const Error& error) const;
    void ask_for_engines();
    void on_tick();
    void finish_when_done();
    void post_progress();
    void fail(const Error& error);
    void end(proto::FromScribe answer);

    JobContext& context_;
    runtime::UnixSocket socket_;  // until the job was received
    std::optional<runtime::IpcChannel> channel_;
    proto::Submit submit_;
    UniqueFd file_;
    std::optional<Place> place_;
    std::optional<runtime::GaugeHold> running_;

    std::map<std::size_t, std::unique_ptr<dispatch::WholeStream>> segments_;  // under way
    policy::TranscriptAssembly assembly_;
    std::optional<SpeechFinder> finder_;    // while speech is looked for with a model
    std::optional<SpeakerTrack> speakers_;  // when they are asked for
    proto::SamplePos decoded_ = 0;
    proto::Millis claimed_duration_{};
    bool is_decoded_ = false;

    // Of a long alignment. A segment is known by its start, which is the same both times.
    struct Piece {
        std::string text;
        proto::Utterance heard;
    };
    bool is_hearing_ = false;  // the first time through
    std::vector<proto::Utterance> heard_;
    std::map<proto::Millis, Piece> pieces_;                 // the second time
    std::map<std::size_t, const Piece*> pieces_under_way_;  // by segment

    std::optional<proto::Progress> told_;
    std::chrono::steady_clock::time_point served_at_{};  // an engine was there, or not needed

    bool is_over_ = false;
    bool is_handed_back_ = false;              // at once, or when it is known
    std::optional<proto::FromScribe> answer_;  // none when it was cancelled
    asio::steady_timer changed_;               // cancelled to wake collect()
    asio::steady_timer room_;                  // cancelled to wake decode()
    asio::steady_timer ended_;                 // cancelled to wake run()
    runtime::TaskGroup writer_;
    runtime::TaskGroup tasks_;
};

}  // namespace tutti::scribe
