// SPDX-License-Identifier: Apache-2.0
#include "policy/transcript_assembly.h"

#include "base/check.h"

#include <algorithm>

namespace tutti::policy {

std::optional<proto::Utterance> news_after(proto::Millis told, proto::Utterance utterance) {
    if (utterance.start >= told) return utterance;
    if (utterance.end <= told) return std::nullopt;
    auto& words = utterance.words;
    const bool has_times = !words.empty();
    const auto known = std::erase_if(words, [&](const auto& word) { return word.start < told; });
    utterance.start = told;
    if (!has_times || known == 0) return utterance;
    if (words.empty()) return std::nullopt;
    utterance.text.clear();
    for (const auto& word : words)
        utterance.text += (utterance.text.empty() ? "" : " ") + word.text;
    return utterance;
}

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
