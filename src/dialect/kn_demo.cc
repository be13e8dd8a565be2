// SPDX-License-Identifier: Apache-2.0
#include "dialect/kn_demo.h"

#include "dialect/json_text.h"

namespace tutti::dialect {

RequestError kn_demo_missing_file() {
    return missing_parameter("file", "a file part of this name is required");
}

std::string kn_demo_body(const proto::Transcript& transcript) {
    return to_text(json::object{{"transcription", transcript.text()}});
}

}  // namespace tutti::dialect
