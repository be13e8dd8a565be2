// SPDX-License-Identifier: Apache-2.0
// Who said what: turns of speakers, and the words that were spoken at the time. Pure.
#pragma once

#include "proto/transcript.h"

namespace tutti::policy {

// Gives each word, and each utterance, its speaker out of transcript.turns: the one whose turns
// share the most of its time, else the one whose turn is nearest. Speakers are numbered anew by
// their first turns, from 0. Without turns there are no speakers. REQUIRES: turns by start.
void assign_speakers(proto::Transcript& transcript);

}  // namespace tutti::policy
