// SPDX-License-Identifier: Apache-2.0
// The words a request expects, as the library takes them for one stream: phrases between slashes.
// Pure.
//
// 1. Empty when the model knows no hotwords: any but a transducer with modified_beam_search.
// 2. What the library would take for its own signs (a score, a new line) is out, and a phrase that
//    the model's tokens cannot spell; over some of these it ends the process, or logs each stream.
#pragma once

#include "engine/sherpa/model_plan.h"

#include <span>
#include <string>

namespace tutti::engine::sherpa {

std::string encode_hotwords(const ModelPlan& plan, std::span<const std::string> words);

}  // namespace tutti::engine::sherpa
