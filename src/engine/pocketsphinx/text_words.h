// SPDX-License-Identifier: Apache-2.0
// A text as the words of a pronunciation dictionary. Pure.
//
//   read_text("Mr. O’Neil's well-known \"plan\"", is_known)
//     -> Mr. [mr]  O’Neil's [o'neil's]  well-known [well known]  "plan" [plan]
//
// A word is what stands between white space. It is looked up in lower case and without the
// punctuation around it, else in the parts between its hyphens, dashes and slashes. What has no
// letter or digit is no word and is left out.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::engine {

struct TextWord {
    std::string spelling;              // as the text has it
    std::vector<std::string> entries;  // of the dictionary, spoken one after the other
    bool operator==(const TextWord&) const = default;
};

struct TextReading {
    std::vector<TextWord> words;
    std::vector<std::string> unknown;  // spellings, each once; the text's first 20
};

// `text` is valid UTF-8.
TextReading read_text(std::string_view text,
                      const std::function<bool(const std::string&)>& is_known);

}  // namespace tutti::engine
