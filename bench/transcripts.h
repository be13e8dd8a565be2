// SPDX-License-Identifier: Apache-2.0
// The two ways in which transcripts of many files stand in one file, a line each:
//
//   dir/name.wav<TAB>text           what our programs print
//   <s> text </s> (dir/name)        what the CMU tools use; the marks may be missing
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace tutti::bench {

struct NamedText {
    std::string name;  // without folder and ending
    std::string text;
    bool operator==(const NamedText&) const = default;
};

inline std::string_view trimmed(std::string_view text) {
    constexpr std::string_view kSpace = " \t\r\n";
    const auto first = text.find_first_not_of(kSpace);
    if (first == text.npos) return {};
    return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

// Nothing for a line in neither format.
inline std::optional<NamedText> transcript_line(std::string_view line) {
    using std::filesystem::path;
    if (const auto tab = line.find('\t'); tab != line.npos)
        return NamedText{path(line.substr(0, tab)).stem(), std::string(trimmed(line.substr(tab)))};

    line = trimmed(line);
    const auto open = line.rfind('(');
    if (open == line.npos || line.back() != ')') return std::nullopt;
    const auto name = line.substr(open + 1, line.size() - open - 2);
    auto text = trimmed(line.substr(0, open));
    if (text.starts_with("<s>")) text.remove_prefix(3);
    if (text.ends_with("</s>")) text.remove_suffix(4);
    return NamedText{path(name).filename(), std::string(trimmed(text))};
}

}  // namespace tutti::bench
