// SPDX-License-Identifier: Apache-2.0
// A transcript as subtitles: SubRip (SRT) and WebVTT.
//
// 1. A cue never crosses two utterances, holds at most two lines of 42 characters and lasts at
//    most seven seconds; only a single longer word may exceed that.
// 2. Cue times come from the words; an utterance without words is spread evenly over its time.
// 3. No cue text contains "-->".
#pragma once

#include "proto/transcript.h"

#include <string>

namespace tutti::dialect {

std::string render_srt(const proto::Transcript& transcript);
std::string render_vtt(const proto::Transcript& transcript);

}  // namespace tutti::dialect
