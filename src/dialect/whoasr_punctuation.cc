// SPDX-License-Identifier: Apache-2.0
#include "dialect/whoasr_punctuation.h"

#include "dialect/json_text.h"

namespace tutti::dialect {

Parsed<std::string> parse_whoasr_punctuation(std::string_view body) {
    const auto object = parse_json_object(body);
    if (!object)
        return RequestError{{Errc::bad_parameter, "the body must be a JSON object"}, "text", {}};
    if (!object->contains("text"))
        return missing_parameter("text", "a text to punctuate is required");
    const auto text = find_string(*object, "text");
    if (!text) return RequestError{{Errc::bad_parameter, "must be a string"}, "text", {}};
    return std::string(*text);
}

std::string whoasr_punctuation_body(std::string_view original, std::string_view punctuated) {
    return to_text(json::object{{"original_text", original},
                                {"punctuated_text", punctuated},
                                {"success", true},
                                {"message", "Punctuation added successfully"}});
}

}  // namespace tutti::dialect
