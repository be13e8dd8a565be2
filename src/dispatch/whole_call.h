// SPDX-License-Identifier: Apache-2.0
// One piece of work through an engine, asked and answered in one call.
//
//   const auto marked = co_await punctuate(engines, model, text, std::chrono::seconds(5));
//
// Waits for a replica with room, and has the model loaded if it is one on demand; an engine that
// dies costs a try and another one is asked. Errors:
// unavailable at once when nobody can serve the model, and when the limit, which is for all of it,
// is over; otherwise what the engine says. Cancelling the caller cancels the work at the engine.
//
// Loop thread only; `engines` outlives the call.
#pragma once

#include "dispatch/whole_stream.h"

namespace tutti::dispatch {

// The audio, or the text, or both, as the model's kind takes them (proto::Open).
asio::awaitable<Result<proto::Utterance>> call_engine(Engines& engines, std::string model,
                                                      audio::Segment audio, std::string text,
                                                      std::chrono::milliseconds limit);

// `text` with the marks that a model of kind punctuation puts into it; nothing else of it changes.
// Any length: a text above proto::kMaxText goes in pieces (policy/text_pieces.h).
asio::awaitable<Result<std::string>> punctuate(Engines& engines, std::string model,
                                               std::string text, std::chrono::milliseconds limit);

}  // namespace tutti::dispatch
