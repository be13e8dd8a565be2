// SPDX-License-Identifier: Apache-2.0
// The vocabulary of a transcript, shared by engines, sessions, scribes and dialects.
//
// Times are positions on the stream's own clock (0 = its first sample), in milliseconds. Inside
// the house audio is always mono signed 16-bit at kSampleRate, so a sample index and a time
// convert exactly enough (16 samples a millisecond).
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace tutti::proto {

inline constexpr int kSampleRate = 16000;

using Millis = std::chrono::milliseconds;

// Index of a sample since the start of its stream.
using SamplePos = std::int64_t;

constexpr Millis to_millis(SamplePos position) {
    return Millis(position * 1000 / kSampleRate);
}
constexpr SamplePos to_samples(Millis time) {
    return time.count() * kSampleRate / 1000;
}

inline constexpr std::int32_t kNoSpeaker = -1;

struct Word {
    std::string text;  // lower case, no punctuation
    Millis start{};
    Millis end{};
    float confidence = 0;  // 0..1

    // Found out of a whole transcript; not sent between processes.
    std::string shown = {};             // as its utterance's text writes it; empty = as `text`
    std::int32_t speaker = kNoSpeaker;  // from 0

    bool operator==(const Word&) const = default;
};

// One stretch of speech between two endpoints. A partial has the same shape and may be revised; a
// final never is. `text` is the words joined by single spaces unless the model punctuates.
struct Utterance {
    std::string text;
    std::vector<Word> words;
    Millis start{};  // of the audio it covers, which begins a little before the first word
    Millis end{};
    float confidence = 0;  // mean over the words; 0 when there are none

    std::string language = {};  // that was heard, as ISO 639; empty = the model does not tell

    std::int32_t speaker = kNoSpeaker;  // as a word's

    bool operator==(const Utterance&) const = default;
};

// The end of what was recognised: the last word may reach beyond the engine's own mark.
inline Millis heard_until(const Utterance& utterance) {
    return utterance.words.empty() ? utterance.end
                                   : std::max(utterance.end, utterance.words.back().end);
}

// A stretch in which one speaker speaks. Turns of several speakers may overlap.
struct Turn {
    Millis start{};
    Millis end{};
    std::int32_t speaker = 0;  // from 0; a name within its file alone
    bool operator==(const Turn&) const = default;
    static auto tied(auto& self) { return std::tie(self.start, self.end, self.speaker); }
};

// A whole file, in order.
struct Transcript {
    std::vector<Utterance> utterances;
    std::vector<Turn> turns = {};  // by start; empty when nobody asked who speaks
    Millis duration{};             // of the audio
    std::string model;
    std::string language;        // ISO 639, of the model
    bool is_punctuated = false;  // its texts have marks

    // In which most was said, if the model tells; else `language`.
    std::string heard_language() const;

    // The utterances' texts joined by single spaces.
    std::string text() const;
};

}  // namespace tutti::proto
