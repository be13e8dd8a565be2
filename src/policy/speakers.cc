// SPDX-License-Identifier: Apache-2.0
#include "policy/speakers.h"

#include <algorithm>
#include <map>
#include <span>

namespace tutti::policy {
namespace {

using proto::Millis;
using proto::Turn;

void number_anew(std::vector<Turn>& turns) {
    std::map<std::int32_t, std::int32_t> numbers;
    for (auto& turn : turns)
        turn.speaker =
            numbers.emplace(turn.speaker, static_cast<std::int32_t>(numbers.size())).first->second;
}

class TurnIndex {
  public:
    // REQUIRES: not empty, by start; outlives this.
    explicit TurnIndex(std::span<const Turn> turns) : turns_(turns) {
        for (std::size_t i = 0; i < turns.size(); ++i)
            latest_.push_back(i > 0 && turns[latest_[i - 1]].end >= turns[i].end ? latest_[i - 1]
                                                                                 : i);
    }

    std::int32_t speaker_at(Millis start, Millis end) const {
        // A moment has neighbours too.
        end = std::max(end, start + Millis(1));
        const auto first = first_ending_after(start);
        std::map<std::int32_t, Millis> shares;
        auto i = first;
        for (; i < turns_.size() && turns_[i].start < end; ++i)
            if (const auto shared = std::min(end, turns_[i].end) - std::max(start, turns_[i].start);
                shared > Millis(0))
                shares[turns_[i].speaker] += shared;
        if (!shares.empty())
            return std::ranges::max_element(shares, {}, [](auto& share) { return share.second; })
                ->first;
        return nearest(first, i, start, end);
    }

  private:
    // Turns before it have all ended.
    std::size_t first_ending_after(Millis moment) const {
        const auto found = std::ranges::partition_point(
            latest_, [&](std::size_t latest) { return turns_[latest].end <= moment; });
        return static_cast<std::size_t>(found - latest_.begin());
    }

    std::int32_t nearest(std::size_t first, std::size_t next, Millis start, Millis end) const {
        if (first == 0) return turns_[std::min(next, turns_.size() - 1)].speaker;
        const auto& before = turns_[latest_[first - 1]];
        if (next == turns_.size() || start - before.end <= turns_[next].start - end)
            return before.speaker;
        return turns_[next].speaker;
    }

    std::span<const Turn> turns_;
    std::vector<std::size_t> latest_;  // of the turns up to each, the one that ends last
};

}  // namespace

void assign_speakers(proto::Transcript& transcript) {
    if (transcript.turns.empty()) return;
    number_anew(transcript.turns);
    const TurnIndex index(transcript.turns);
    for (auto& utterance : transcript.utterances) {
        for (auto& word : utterance.words) word.speaker = index.speaker_at(word.start, word.end);
        utterance.speaker = index.speaker_at(utterance.start, utterance.end);
    }
}

}  // namespace tutti::policy
