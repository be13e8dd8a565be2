// SPDX-License-Identifier: Apache-2.0
// A file job between a gateway and a scribe: one unix-socket connection a job.
//
//   gateway: submit (the spooled file travels with it as a descriptor)
//   scribe:  begun, progress*, segment* (in the file's order), speakers?, then done | rejected
//
// The gateway closing the connection cancels the job; the scribe closing it before done or
// rejected means that the scribe died, and the job may be submitted again. Rejected with
// Errc::canceled, or an end before begun, means that the job was not begun.
#pragma once

#include "proto/wire.h"

namespace tutti::proto {

struct Submit {
    static constexpr std::uint8_t kType = 1;
    std::string job_id;
    std::string model;
    Millis max_duration{};  // audio beyond this is Errc::too_long
    // Not empty: the words that are in the audio. Their times are wanted, spelt as they are here;
    // at most kMaxText bytes. What is wrong with it is Rejected, Errc::bad_request.
    std::string text = {};
    std::vector<std::string> hotwords = {};  // as Open::hotwords
    // Not empty: the model that tells who speaks when. Its failure, or audio beyond kMaxDiarized,
    // is Rejected if speakers are needed; otherwise the answer has none.
    std::string speaker_model = {};
    bool needs_speakers = false;
    static auto tied(auto& self) {
        return std::tie(self.job_id, self.model, self.max_duration, self.text, self.hotwords,
                        self.speaker_model, self.needs_speakers);
    }
};

// The scribe works on the job from here on.
struct Begun {
    static constexpr std::uint8_t kType = 68;
    static auto tied(auto&) { return std::tuple<>(); }
};

struct Progress {
    static constexpr std::uint8_t kType = 64;
    Millis recognised{};  // audio whose text is known, from the start without a gap
    Millis decoded{};     // audio read so far
    Millis duration{};    // as the container claims; 0 when it does not
    static auto tied(auto& self) { return std::tie(self.recognised, self.decoded, self.duration); }
};

struct Segment {
    static constexpr std::uint8_t kType = 65;
    Utterance utterance;
    static auto tied(auto& self) { return std::tie(self.utterance); }
};

// Comes once, when they were asked for and found.
struct Speakers {
    static constexpr std::uint8_t kType = 69;
    std::vector<Turn> turns;
    static auto tied(auto& self) { return std::tie(self.turns); }
};

struct Done {
    static constexpr std::uint8_t kType = 66;
    Millis duration{};
    static auto tied(auto& self) { return std::tie(self.duration); }
};

struct Rejected {
    static constexpr std::uint8_t kType = 67;
    Errc cause = Errc::internal;
    std::string why;
    static auto tied(auto& self) { return std::tie(self.cause, self.why); }
};

using ToScribe = std::variant<Submit>;
using FromScribe = std::variant<Begun, Progress, Segment, Speakers, Done, Rejected>;

inline constexpr std::size_t kMaxJobFrame = 1024 * 1024;

}  // namespace tutti::proto
