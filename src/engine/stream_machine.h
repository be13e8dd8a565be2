// SPDX-License-Identifier: Apache-2.0
// One stream of an engine: turns what its sender says and what the decode threads find into what
// to decode and what to answer. Pure: no socket, no thread, no clock.
//
//   StreamMachine machine(open);
//   machine.on_audio(first_sample, samples, actions);  ...  perform the actions, clear them
//
// 1. At most one utterance is with the decode loop. Later ones keep their audio here until its
//    outcome is known, because they start from the carry it leaves.
// 2. Utterances of a live stream never overlap in what they report, and never leave speech out: a
//    cut in running speech (flush, length) is followed at once by the next utterance, which also
//    takes on what the recognizer set aside at the cut.
// 3. decoded_up_to and settled_up_to of the credits never go back.
// 4. After is_over() nothing more may be called.
#pragma once

#include "audio/endpointer.h"
#include "engine/recognizer.h"

#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <variant>
#include <vector>

namespace tutti::engine {

struct BeginUtterance {
    StreamOptions options;
};
struct FeedAudio {
    std::vector<std::int16_t> samples;
};
struct EndUtterance {
    Ending ending;
};
struct DropUtterance {};
struct Reply {
    proto::FromEngine message;
};
using Action = std::variant<BeginUtterance, FeedAudio, EndUtterance, DropUtterance, Reply>;
using Actions = std::vector<Action>;

// How an engine's live streams find where somebody speaks.
using DetectorFactory = std::function<std::unique_ptr<audio::FrameDetector>()>;
struct Hearing {
    DetectorFactory make_detector = {};  // one a stream; empty = by energy
    // Hears what was expected (StreamMachine::expect) of all streams, before on_audio() asks. Empty
    // = nothing need be expected.
    std::function<void()> listen = {};
    audio::EndpointerOptions endpoints = {};  // end_silence unless a stream asks for its own
    // Borders are what is wanted: a flush or the finish, too, ends an utterance with its last sound
    // rather than with the audio, and what comes after is another.
    bool ends_with_sound = false;
    // An utterance is over when its last word ended this long ago, whatever still sounds (music, a
    // fan); or half a second after the silence that ends one, if that is later. For backends whose
    // partials have word times; 0 = words end none.
    proto::Millis after_words{0};
};

class StreamMachine {
  public:
    // A whole stream may be as long as `longest_whole`, and a little more.
    explicit StreamMachine(const proto::Open& open, const Hearing& hearing = {},
                           SamplePos longest_whole = proto::kMaxUtterance);

    // Audio that on_audio() is given next; a promise that is kept for all of a stream's, or none.
    void expect(std::span<const std::int16_t> samples);
    // What the sender says. An error is a protocol violation of the sender's.
    Result<void> on_audio(SamplePos first_sample, std::span<const std::int16_t> samples,
                          Actions& out);
    Result<void> on_flush(Actions& out);
    Result<void> on_finish(Actions& out);

    // What became of the utterance begun last.
    void on_progress(SamplePos decoded, Actions& out);
    void on_partial(Hypothesis hypothesis, Actions& out);
    void on_outcome(Outcome outcome, Actions& out);
    // `holds_everywhere` as in News.
    void on_error(const Error& error, Actions& out, bool holds_everywhere = false);

    const proto::Open& open() const { return open_; }
    bool wants_partials() const;  // its sender does, or it looks for the end of the words in them
    // Nothing is being recognised and no final is owed.
    bool is_idle() const;
    // Finished or failed.
    bool is_over() const { return is_over_; }

  private:
    struct Pending {
        SamplePos start = 0;      // of what it reports
        SamplePos first_fed = 0;  // of the audio it is given; later than start after a carry
        SamplePos fed_to = 0;
        bool continues = false;
        bool has_carry = false;        // audio before first_fed was set aside for it
        std::optional<SamplePos> end;  // none while it is open
        proto::FinalCause cause = proto::FinalCause::endpoint;
        Ending ending = Ending::complete;
        int flushes = 0;                  // flushes to confirm once it is done
        std::vector<std::int16_t> audio;  // waiting for its turn

        bool is_empty() const { return continues && !has_carry && end && *end <= first_fed; }
    };

    bool is_live() const { return open_.mode == proto::StreamMode::live; }
    bool has_open() const { return !pending_.empty() && !pending_.back().end; }
    void take_block(std::span<const std::int16_t> block, Actions& out);
    void start_utterance(SamplePos at, Actions& out);
    void cut(proto::FinalCause cause, Actions& out);
    void end_utterance(SamplePos at, proto::FinalCause cause, Ending ending, Actions& out);
    void end_with_sound(proto::FinalCause cause, Actions& out);
    void send_partial(Hypothesis hypothesis, Actions& out);
    bool is_past_its_words(const Hypothesis& hypothesis) const;
    void feed_up_to(SamplePos position, Actions& out);
    void trim_buffer();
    void collect_whole(std::span<const std::int16_t> samples, Actions& out);
    void launch(Actions& out);
    void drop_front(Actions& out);
    void run_next(Actions& out);
    void send_credit(Actions& out);
    void finish_when_done(Actions& out);
    proto::Utterance make_utterance(const Pending& pending, Hypothesis hypothesis,
                                    SamplePos end) const;

    const proto::Open open_;
    const SamplePos longest_whole_;
    audio::Endpointer endpointer_;  // counts samples from open_.first_sample
    const bool ends_with_sound_;
    const SamplePos after_words_;
    SamplePos received_;
    std::vector<std::int16_t> buffer_;  // the latest audio, which an utterance may still begin in
    SamplePos buffer_first_;

    std::deque<Pending> pending_;  // the front is with the decode loop
    SamplePos decoded_ = 0;        // samples of the front
    std::string last_partial_;
    std::any carry_;

    SamplePos credited_decoded_;
    SamplePos credited_settled_;
    bool is_finishing_ = false;
    bool is_over_ = false;
};

}  // namespace tutti::engine
