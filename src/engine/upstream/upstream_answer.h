// SPDX-License-Identifier: Apache-2.0
// What an upstream server answered, as a hypothesis or as the cause for which there is none. Pure.
//
// Words are told with the times the upstream gives; when it gives none, or nonsense, the text comes
// without words. A confidence it does not give is 0, as for all that is not known.
//
// Errors say what happened and whose fault it is, for clients; they hold nothing of the answer.
#pragma once

#include "engine/recognizer.h"
#include "engine/upstream/upstream_options.h"

namespace tutti::engine {

// `length` of the utterance: no word ends later.
Result<Hypothesis> read_answer(const UpstreamOptions& options, const HttpReply& reply,
                               proto::Millis length);

}  // namespace tutti::engine
