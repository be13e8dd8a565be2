// SPDX-License-Identifier: Apache-2.0
// What an engine says to a decode worker that was forked for it, and what it answers. One utterance
// at a time; whatever has an answer is answered before anything else is asked.
//
//   begin, (feed*, end?, step -> stepped)*, (partial -> heard)*, result -> concluded
//   drop                   the utterance is abandoned
//   instead of an answer: failed (the utterance is over; the worker serves the next)
//
// End of file ends either side.
#pragma once

#include "engine/recognizer.h"
#include "proto/wire.h"

namespace tutti::engine::worker_wire {

struct Begin {
    static constexpr std::uint8_t kType = 1;
    std::string carry;  // empty for the first utterance
    bool continues = false;
    std::string text;  // empty for a free recognition
    std::vector<std::string> hotwords;
    static auto tied(auto& self) {
        return std::tie(self.carry, self.continues, self.text, self.hotwords);
    }
};

// Audio for the next step, at most kMaxFeed samples; a step takes in all that was fed before it.
struct Feed {
    static constexpr std::uint8_t kType = 2;
    proto::ByteView pcm;  // s16le
    static auto tied(auto& self) { return std::tie(self.pcm); }
};

struct End {
    static constexpr std::uint8_t kType = 3;
    Ending ending = Ending::complete;
    static auto tied(auto& self) { return std::tie(self.ending); }
};

struct Step {
    static constexpr std::uint8_t kType = 4;
    static auto tied(auto&) { return std::tuple<>(); }
};

struct Partial {
    static constexpr std::uint8_t kType = 5;
    static auto tied(auto&) { return std::tuple<>(); }
};

struct Result {
    static constexpr std::uint8_t kType = 6;
    static auto tied(auto&) { return std::tuple<>(); }
};

struct Drop {
    static constexpr std::uint8_t kType = 7;
    static auto tied(auto&) { return std::tuple<>(); }
};

struct Stepped {
    static constexpr std::uint8_t kType = 64;
    static auto tied(auto&) { return std::tuple<>(); }
};

struct Heard {
    static constexpr std::uint8_t kType = 65;
    std::string text;
    std::vector<proto::Word> words;
    static auto tied(auto& self) { return std::tie(self.text, self.words); }
};

struct Concluded {
    static constexpr std::uint8_t kType = 66;
    std::string text;
    std::vector<proto::Word> words;
    SamplePos settled = 0;
    std::string carry;
    static auto tied(auto& self) {
        return std::tie(self.text, self.words, self.settled, self.carry);
    }
};

struct Failed {
    static constexpr std::uint8_t kType = 67;
    std::string why;
    Errc cause = Errc::internal;  // another one: RecognitionError
    static auto tied(auto& self) { return std::tie(self.why, self.cause); }
};

using ToWorker = std::variant<Begin, Feed, End, Step, Partial, Result, Drop>;
using FromWorker = std::variant<Stepped, Heard, Concluded, Failed>;

inline constexpr std::size_t kMaxFeed = 2 * proto::kSampleRate;
// A frame above this is a protocol violation.
inline constexpr std::size_t kMaxFrame = 1024 * 1024;

}  // namespace tutti::engine::worker_wire
