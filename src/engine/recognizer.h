// SPDX-License-Identifier: Apache-2.0
// What a recognition backend is to the engine process that hosts it.
//
// A backend deals in utterances: the host finds their beginnings and ends (silence reaches no
// backend), makes one RecognizerStream for each and drives it:
//
//   auto stream = recognizer.create_stream({carry of the utterance before, ...});
//   stream->accept_audio(samples);                            // any number of times
//   while (stream->is_ready()) recognizer.decode({&stream, 1});  // many streams in one call
//   stream->partial();                                        // live, at any time
//   stream->input_finished(Ending::complete);  decode...;  stream->result();
//
// Threads: a Recognizer and its streams are used, and destroyed, by one decode thread alone;
// several Recognizers of one factory live at once, each on a thread of its own.
// Lifetime: a stream never outlives its recognizer.
// Errors: any call may throw std::exception. The utterances in that call have then failed (those of
// a decode() all, but a result() its own alone), as a fault of this engine: another one is asked. A
// RecognitionError names a cause that every engine of the model would meet; the client is told it.
// The recognizer is used again for others.
#pragma once

#include "base/error.h"
#include "proto/engine_messages.h"

#include <any>

#include <chrono>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace tutti::engine {

using proto::SamplePos;

// What was heard. Word times count from the utterance's first sample, and are negative for a word
// that began in the audio carried over from the utterance before.
struct Hypothesis {
    std::string text;
    std::vector<proto::Word> words;
    std::string language = {};  // as an utterance's
    bool operator==(const Hypothesis&) const = default;
};

enum class Ending {
    complete,  // silence or nothing follows
    cut,       // speech goes on in the next utterance, which follows without a gap
};

struct Outcome {
    Hypothesis hypothesis;
    // The hypothesis accounts for the utterance's audio before this offset; what lies behind it
    // was set aside for the next utterance. Less than the length only after Ending::cut.
    SamplePos settled = 0;
    // What the next utterance of the same speaker starts from; the host does not look into it.
    std::any carry;
};

struct StreamOptions {
    std::any carry;          // of the utterance before; empty for the first
    bool continues = false;  // the utterance before ended with Ending::cut
    // Not empty: the text the model works on, for a recognizer of mode `whole` whose backend takes
    // one. If it aligns: the words that are in the utterance, whose times are wanted instead of a
    // free recognition. If it punctuates: what is to be punctuated; there is no audio then.
    std::string text = {};
    // Words and phrases that are likely. A backend that cannot use them ignores them.
    std::vector<std::string> hotwords = {};
};

// A cause that every engine of the model would meet, such as a text that is not in the utterance.
class RecognitionError : public std::runtime_error {
  public:
    explicit RecognitionError(Error e) : std::runtime_error(e.message()), error(std::move(e)) {}
    Error error;
};

class RecognizerStream {
  public:
    virtual ~RecognizerStream() = default;
    virtual void accept_audio(std::span<const std::int16_t> samples) = 0;
    virtual void input_finished(Ending ending) = 0;
    // True while decode() would get further.
    virtual bool is_ready() const = 0;
    virtual Hypothesis partial() = 0;
    // REQUIRES: input_finished() was called and is_ready() is false. Called once.
    virtual Outcome result() = 0;
};

class Recognizer {
  public:
    virtual ~Recognizer() = default;
    virtual std::unique_ptr<RecognizerStream> create_stream(StreamOptions options) = 0;
    // REQUIRES: every stream is of this recognizer, is_ready() and there once; at most
    // batch_limit() of them.
    virtual void decode(std::span<RecognizerStream* const> ready) = 0;
    // How many streams one call takes; other streams wait for its end.
    virtual std::size_t batch_limit() const { return std::numeric_limits<std::size_t>::max(); }
    // On any thread, at any time: when it last saw to it that a call under way gets on. nullopt
    // from one that does not watch its own calls.
    virtual std::optional<std::chrono::steady_clock::time_point> last_progress() const {
        return std::nullopt;
    }
};

// What streams of mode `whole` a backend takes.
struct WholeTraits {
    bool takes_text = false;  // StreamOptions::text
    SamplePos longest = proto::kMaxUtterance;
    // At once, because of the memory they take; 0 = as many as the host finds good.
    std::size_t most_streams = 0;
};

// Loads a recognizer; blocks, and throws when the model cannot be used. Called on several threads
// at once. Streams of mode `whole` get all their audio before the first decode.
using RecognizerFactory = std::function<std::unique_ptr<Recognizer>(proto::StreamMode mode)>;

}  // namespace tutti::engine
