// SPDX-License-Identifier: Apache-2.0
#include "policy/transcript_assembly.h"

#include "base/check.h"

#include <algorithm>

namespace tutti::policy {

std::size_t TranscriptAssembly::add(proto::SamplePos first_sample) {
    segments_.push_back({first_sample, {}});
    return first_index_ + segments_.size() - 1;
}

void TranscriptAssembly::put(std::size_t index, proto::Utterance utterance) {
    const auto place = index - first_index_;
    check(place < segments_.size() && !segments_[place].utterance, "a result nobody waits for");
    segments_[place].utterance = std::move(utterance);
}

std::optional<proto::Utterance> TranscriptAssembly::next() {
    while (!segments_.empty() && segments_.front().utterance) {
        auto utterance = std::move(*segments_.front().utterance);
        segments_.pop_front();
        ++first_index_;
        if (!utterance.text.empty()) return utterance;
    }
    return std::nullopt;
}

proto::SamplePos TranscriptAssembly::recognised() const {
    const auto unknown =
        std::ranges::find_if(segments_, [](const Segment& s) { return !s.utterance; });
    return unknown == segments_.end() ? cut_up_to_ : unknown->first_sample;
}

}  // namespace tutti::policy
