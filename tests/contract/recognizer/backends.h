// SPDX-License-Identifier: Apache-2.0
// What a backend gives the contract suite: a way to load it, speech whose transcript is known, and
// what it cannot do by its nature.
//
//   auto backend = make_backend(kind);      // throws when it cannot run here
//   auto recognizer = backend->recognizer();
//   auto speech = backend->speech(0);
#pragma once

#include "engine/recognizer.h"

#include <string_view>

namespace tutti::engine::contract {

struct Speech {
    std::vector<std::int16_t> samples;
    std::string text;
    std::vector<std::size_t> pauses;  // samples at which nothing sounds, inside the speech
};

struct Traits {
    std::size_t streams_at_once = 1;  // of one recognizer
    // Where the audio is cut into calls changes nothing at all; otherwise no word.
    bool is_exact = true;
    bool sets_words_aside = true;  // so that a cut inside a word harms none
};

class Backend {
  public:
    explicit Backend(Traits t) : traits(t) {}
    virtual ~Backend() = default;

    virtual std::unique_ptr<Recognizer> recognizer() = 0;
    // Speech number n, all of them different; of 1 to 10 s.
    virtual Speech speech(std::size_t n) = 0;
    // Has an utterance of a recognizer fail, in any call. False: this backend has no such fault.
    virtual bool provoke(Recognizer&) { return false; }
    // A recognizer that provoke() works with, and hears speech(0) all the same.
    virtual std::unique_ptr<Recognizer> fallible() { return recognizer(); }

    const Traits traits;
};

enum class Kind {
    pocketsphinx_whole,   // in this process
    pocketsphinx_forked,  // live, in forked workers
    sherpa_streaming,
    sherpa_offline,
    tone,
    upstream,
};

std::unique_ptr<Backend> make_backend(Kind kind);

// One function for each file.
std::unique_ptr<Backend> make_pocketsphinx(proto::StreamMode mode, bool is_forked);
std::unique_ptr<Backend> make_sherpa(const std::string& model);
std::unique_ptr<Backend> make_tone();
std::unique_ptr<Backend> make_upstream();

// Digits as tones of a phone, as two of the backends hear them; the pauses between them are pauses.
Speech speak_digits(std::size_t n);

// One utterance from beginning to end, fed in pieces of these sizes in turn, with the partial asked
// for after each when `asks` is set.
struct Way {
    std::vector<std::size_t> pieces = {};  // empty: all at once
    bool asks = false;
    Ending ending = Ending::complete;
};
Outcome recognize(Recognizer& recognizer, std::span<const std::int16_t> samples,
                  const Way& way = {}, StreamOptions options = {});
void decode_all(Recognizer& recognizer, RecognizerStream& stream);

}  // namespace tutti::engine::contract
