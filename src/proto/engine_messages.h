// SPDX-License-Identifier: Apache-2.0
// What gateways and scribes say to an engine process, and what it answers.
//
// Many streams share one connection. Every message names its stream and the stream's epoch: a
// stream that is opened again after a loss gets a new epoch, and a reply with an old one is a
// protocol violation that ends the connection (a late answer must never reach another caller).
//
//   open -> opened | refused
//   audio* -> credit*, speech_started?, partial*, final*
//   flush  -> final*, flushed          (finish the utterance now; the stream goes on)
//   finish -> final*, finished         (no more audio; the stream is over)
//   cancel -> nothing more
//   at any time: failed                (the stream is over)
//
// Sample positions are on the stream's clock (see Open::first_sample).
#pragma once

#include "proto/wire.h"

namespace tutti::proto {

struct StreamRef {
    std::uint32_t stream = 0;
    std::uint32_t epoch = 0;
    bool operator==(const StreamRef&) const = default;
    static auto tied(auto& self) { return std::tie(self.stream, self.epoch); }
};

enum class StreamMode : std::uint8_t {
    live,   // a microphone: endpoints are looked for, partials are sent while speech goes on
    whole,  // one utterance cut beforehand (a file's segment): one final, the most accurate way
};

// Opens a stream. `first_sample` is where its audio begins on the stream's clock: 0 for a new
// one, the first replayed sample for a continued one.
struct Open {
    static constexpr std::uint8_t kType = 1;
    StreamRef ref;
    StreamMode mode = StreamMode::live;
    bool wants_partials = false;
    Millis endpoint_silence{};  // silence that ends an utterance; live only
    SamplePos first_sample = 0;
    // Whole streams only, and only to an engine that takes one: the text the model works on, at
    // most kMaxText bytes. For an engine that aligns, the words that are in the audio, whose times
    // are wanted; for one of kind punctuation, what is to be punctuated: the stream has no audio,
    // and the text of its Final has the marks. (One of kind diarization takes a whole file of at
    // most kMaxDiarized and answers with turns: Final's words, each the number of its speaker.)
    // What is wrong with it is Failed with
    // Errc::bad_parameter, or bad_request when it is wrong for this audio.
    std::string text = {};
    // Words and phrases that are likely; a model that cannot use them ignores them. Within
    // fits_hotwords().
    std::vector<std::string> hotwords = {};
    static auto tied(auto& self) {
        return std::tie(self.ref, self.mode, self.wants_partials, self.endpoint_silence,
                        self.first_sample, self.text, self.hotwords);
    }
};

struct Audio {
    static constexpr std::uint8_t kType = 2;
    StreamRef ref;
    SamplePos first_sample = 0;  // must follow the audio sent before without a gap
    ByteView pcm;                // s16le, 16 kHz, mono
    static auto tied(auto& self) { return std::tie(self.ref, self.first_sample, self.pcm); }
};

struct Flush {
    static constexpr std::uint8_t kType = 3;
    StreamRef ref;
    static auto tied(auto& self) { return std::tie(self.ref); }
};

struct Finish {
    static constexpr std::uint8_t kType = 4;
    StreamRef ref;
    static auto tied(auto& self) { return std::tie(self.ref); }
};

struct Cancel {
    static constexpr std::uint8_t kType = 5;
    StreamRef ref;
    static auto tied(auto& self) { return std::tie(self.ref); }
};

struct Opened {
    static constexpr std::uint8_t kType = 64;
    StreamRef ref;
    static auto tied(auto& self) { return std::tie(self.ref); }
};

// The engine has no room for the stream (Errc::busy) or cannot serve it.
struct Refused {
    static constexpr std::uint8_t kType = 65;
    StreamRef ref;
    Errc cause = Errc::busy;
    static auto tied(auto& self) { return std::tie(self.ref, self.cause); }
};

struct SpeechStarted {
    static constexpr std::uint8_t kType = 66;
    StreamRef ref;
    SamplePos at = 0;
    static auto tied(auto& self) { return std::tie(self.ref, self.at); }
};

struct Partial {
    static constexpr std::uint8_t kType = 67;
    StreamRef ref;
    Utterance utterance;
    static auto tied(auto& self) { return std::tie(self.ref, self.utterance); }
};

enum class FinalCause : std::uint8_t { endpoint, flush, finish, length };

struct Final {
    static constexpr std::uint8_t kType = 68;
    StreamRef ref;
    Utterance utterance;
    FinalCause cause = FinalCause::endpoint;
    SamplePos consumed_up_to = 0;  // audio before this is never needed again
    static auto tied(auto& self) {
        return std::tie(self.ref, self.utterance, self.cause, self.consumed_up_to);
    }
};

struct Flushed {
    static constexpr std::uint8_t kType = 69;
    StreamRef ref;
    static auto tied(auto& self) { return std::tie(self.ref); }
};

// Progress of a stream. The sender may be kCreditWindow ahead of `decoded_up_to`; audio before
// `settled_up_to` need not be kept for replay (silence moves it without a final).
struct Credit {
    static constexpr std::uint8_t kType = 70;
    StreamRef ref;
    SamplePos decoded_up_to = 0;
    SamplePos settled_up_to = 0;
    static auto tied(auto& self) {
        return std::tie(self.ref, self.decoded_up_to, self.settled_up_to);
    }
};

struct Finished {
    static constexpr std::uint8_t kType = 71;
    StreamRef ref;
    static auto tied(auto& self) { return std::tie(self.ref); }
};

struct Failed {
    static constexpr std::uint8_t kType = 72;
    StreamRef ref;
    Errc cause = Errc::internal;
    std::string why;
    bool holds_everywhere = false;  // another engine of the model would fail the same way
    static auto tied(auto& self) {
        return std::tie(self.ref, self.cause, self.why, self.holds_everywhere);
    }
};

using ToEngine = std::variant<Open, Audio, Flush, Finish, Cancel>;
using FromEngine =
    std::variant<Opened, Refused, SpeechStarted, Partial, Final, Flushed, Credit, Finished, Failed>;

// How far a sender may be ahead of what the engine has decoded. An engine closes a connection
// that sends more: its memory is bounded by this.
inline constexpr SamplePos kCreditWindow = 15 * kSampleRate;

// No utterance lasts longer; at this length the engine ends it (FinalCause::length).
inline constexpr SamplePos kMaxUtterance = 30 * kSampleRate;

// Of one whole stream to an engine of kind diarization.
inline constexpr SamplePos kMaxDiarized = SamplePos{3600} * kSampleRate;

inline constexpr std::size_t kMaxText = 64 * 1024;

inline constexpr std::size_t kMaxHotwords = 200;
inline constexpr std::size_t kMaxHotwordBytes = 8 * 1024;  // of all together

inline bool fits_hotwords(const std::vector<std::string>& words) {
    std::size_t bytes = 0;
    for (const auto& word : words) bytes += word.size();
    return words.size() <= kMaxHotwords && bytes <= kMaxHotwordBytes;
}

// A frame above this is a protocol violation.
inline constexpr std::size_t kMaxEngineFrame = 2 * 1024 * 1024;

}  // namespace tutti::proto
