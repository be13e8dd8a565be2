// SPDX-License-Identifier: Apache-2.0
// Puts a file's segments, recognised in any order, together again in the file's order. Pure.
//
//   index = assembly.add(first_sample);      // in the file's order
//   assembly.note_cut_up_to(position);       // audio before it is in a segment added, or silence
//   assembly.put(index, utterance);          // once each, in any order
//   while (auto utterance = assembly.next()) ...
//
// A segment in which nothing was recognised yields nothing.
#pragma once

#include "proto/transcript.h"

#include <deque>
#include <optional>

namespace tutti::policy {

// What an utterance has of the audio behind `told`, when somebody heard that audio again and cut it
// elsewhere: the words that begin there. One whose words have no times is taken whole. nullopt when
// there is nothing.
std::optional<proto::Utterance> news_after(proto::Millis told, proto::Utterance utterance);

class TranscriptAssembly {
  public:
    std::size_t add(proto::SamplePos first_sample);
    void note_cut_up_to(proto::SamplePos position) { cut_up_to_ = position; }
    // REQUIRES: `index` was added and not put before.
    void put(std::size_t index, proto::Utterance utterance);

    // The utterance that follows those already handed out, if it is known.
    std::optional<proto::Utterance> next();

    // Segments added and not handed out.
    std::size_t held() const { return segments_.size(); }
    // The text of all audio before this is known.
    proto::SamplePos recognised() const;

  private:
    struct Segment {
        proto::SamplePos first_sample;
        std::optional<proto::Utterance> utterance;
    };

    std::deque<Segment> segments_;
    std::size_t first_index_ = 0;  // of segments_.front()
    proto::SamplePos cut_up_to_ = 0;
};

}  // namespace tutti::policy
