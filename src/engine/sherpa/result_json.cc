// SPDX-License-Identifier: Apache-2.0
#include "engine/sherpa/result_json.h"

#include <algorithm>
#include <charconv>
#include <cmath>

namespace tutti::engine::sherpa {

std::vector<std::optional<float>> log_probabilities_in(std::string_view json) {
    // Quotes inside strings are escaped, so this is no part of a text.
    constexpr std::string_view kKey = "\"ys_probs\": [";
    std::vector<std::optional<float>> found;
    const auto at = json.rfind(kKey);
    if (at == json.npos) return found;
    json.remove_prefix(at + kKey.size());
    json = json.substr(0, json.find(']'));
    while (!json.empty()) {
        auto item = json.substr(0, json.find(','));
        json.remove_prefix(std::min(json.size(), item.size() + 1));
        item.remove_prefix(std::min(item.size(), item.find_first_not_of(' ')));
        float value = 0;
        const auto end = item.data() + item.size();
        const auto parsed = std::from_chars(item.data(), end, value);
        const bool is_number =
            parsed.ec == std::errc() && parsed.ptr == end && std::isfinite(value);
        found.push_back(is_number ? std::optional(value) : std::nullopt);
    }
    return found;
}

}  // namespace tutti::engine::sherpa
