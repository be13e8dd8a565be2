// SPDX-License-Identifier: Apache-2.0
#include "policy/text_pieces.h"

#include <algorithm>

namespace tutti::policy {
namespace {

constexpr std::string_view kSentenceEnds[] = {"\n", "。", "？", "！", ". ", "? ", "! "};
constexpr std::string_view kWordEnds[] = {" ", "\t", "，", "、", "；"};

// Behind the last of the ends, or 0 when there is none in the second half.
std::size_t last_end(std::string_view text, auto& ends) {
    std::size_t best = 0;
    for (const std::string_view end : ends)
        if (const auto at = text.rfind(end); at != text.npos)
            best = std::max(best, at + end.size());
    return best >= text.size() / 2 ? best : 0;
}

std::size_t place_to_cut(std::string_view text, std::size_t limit) {
    const auto most = text.substr(0, limit);
    if (const auto end = last_end(most, kSentenceEnds)) return end;
    if (const auto end = last_end(most, kWordEnds)) return end;
    auto at = limit;
    while (at > limit - 3 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
    return at;
}

}  // namespace

std::vector<std::string_view> cut_text(std::string_view text, std::size_t limit) {
    std::vector<std::string_view> pieces;
    while (text.size() > limit) {
        const auto at = place_to_cut(text, limit);
        pieces.push_back(text.substr(0, at));
        text.remove_prefix(at);
    }
    if (!text.empty()) pieces.push_back(text);
    return pieces;
}

}  // namespace tutti::policy
