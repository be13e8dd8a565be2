// SPDX-License-Identifier: Apache-2.0
// What the library tells of a streaming result in its JSON alone: how sure it is of each token.
// Pure.
//
//   {"text": ..., "ys_probs": [-0.015625, -1.25], ...}   ->   {-0.015625, -1.25}
//
// The rest of that JSON is not used: its strings are not escaped as JSON wants them.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

namespace tutti::engine::sherpa {

// Natural logarithms; nullopt for one that is no number. Empty where the model tells none.
std::vector<std::optional<float>> log_probabilities_in(std::string_view json);

}  // namespace tutti::engine::sherpa
