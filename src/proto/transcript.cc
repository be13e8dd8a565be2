// SPDX-License-Identifier: Apache-2.0
#include "proto/transcript.h"

#include <algorithm>
#include <map>

namespace tutti::proto {

std::string Transcript::text() const {
    std::string out;
    for (const auto& utterance : utterances) {
        if (utterance.text.empty()) continue;
        if (!out.empty()) out += ' ';
        out += utterance.text;
    }
    return out;
}

std::string Transcript::heard_language() const {
    std::map<std::string, Millis> spoken;
    for (const auto& utterance : utterances)
        if (!utterance.language.empty())
            spoken[utterance.language] += utterance.end - utterance.start;
    if (spoken.empty()) return language;
    const auto less = [](const auto& a, const auto& b) { return a.second < b.second; };
    return std::ranges::max_element(spoken, less)->first;
}

}  // namespace tutti::proto
