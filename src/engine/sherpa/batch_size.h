// SPDX-License-Identifier: Apache-2.0
// How many streams of a streaming model one call decodes best. More in a call share the weights but
// have their states copied together and apart; which counts more depends on model and machine, so
// it is measured at the load, on all cores at once as when it matters.
#pragma once

#include "engine/sherpa/loaded_model.h"

#include <chrono>
#include <iterator>
#include <span>

namespace tutti::engine::sherpa {

// What is tried; the last one is usual. More cost more than they bring (docs/decisions/0006).
inline constexpr std::size_t kBatches[] = {4, 8};
inline constexpr std::size_t kMostStreams = kBatches[std::size(kBatches) - 1];

// Of the times of one stream's window in calls of kBatches, the best: the usual one unless another
// is clearly faster.
std::size_t choose_batch(std::span<const double> seconds);

// Takes about `limit`, or a few calls if they take longer. REQUIRES: a streaming model. Throws what
// decoding throws.
std::size_t measure_batch(const LoadedModel& model, std::size_t threads,
                          std::chrono::milliseconds limit = std::chrono::milliseconds(100));

}  // namespace tutti::engine::sherpa
