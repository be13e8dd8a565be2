// SPDX-License-Identifier: Apache-2.0
#include "proto/transcript.h"

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

}  // namespace tutti::proto
