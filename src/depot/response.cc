// SPDX-License-Identifier: Apache-2.0
#include "depot/response.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace tutti::depot {
namespace {

constexpr std::array<std::pair<int, std::string_view>, 14> kNames = {{
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {408, "Request Timeout"},
    {410, "Gone"},
    {416, "Range Not Satisfiable"},
    {429, "Too Many Requests"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
}};

std::string_view trimmed(std::string_view text) {
    const auto begin = text.find_first_not_of(" \t\r\n");
    if (begin == text.npos) return {};
    return text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

template <class T>
std::optional<T> number_in(std::string_view text) {
    T number{};
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return number;
}

bool is_name(std::string_view text, std::string_view lower) {
    return std::ranges::equal(text, lower, {}, [](char c) {
        return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
    });
}

}  // namespace

std::optional<ContentRange> parse_content_range(std::string_view value) {
    value = trimmed(value);
    if (!value.starts_with("bytes ")) return std::nullopt;
    value.remove_prefix(6);
    const auto slash = value.find('/');
    if (slash == value.npos) return std::nullopt;
    ContentRange range;
    const auto total = value.substr(slash + 1);
    if (total != "*") {
        range.total = number_in<std::uint64_t>(total);
        if (!range.total) return std::nullopt;
    }
    const auto part = value.substr(0, slash);
    if (part == "*") return range;
    const auto dash = part.find('-');
    if (dash == part.npos) return std::nullopt;
    range.first = number_in<std::uint64_t>(part.substr(0, dash));
    const auto last = number_in<std::uint64_t>(part.substr(dash + 1));
    if (!range.first || !last || *last < *range.first) return std::nullopt;
    if (range.total && *last >= *range.total) return std::nullopt;
    return range;
}

void ResponseHead::add_line(std::string_view line) {
    if (line.starts_with("HTTP/")) {
        *this = {};
        const auto space = line.find(' ');
        if (space != line.npos) status = number_in<int>(line.substr(space + 1, 3)).value_or(0);
        return;
    }
    const auto colon = line.find(':');
    if (colon == line.npos) return;
    const auto name = line.substr(0, colon);
    const auto value = trimmed(line.substr(colon + 1));
    if (is_name(name, "etag")) etag = value;
    if (is_name(name, "last-modified")) last_modified = value;
    if (is_name(name, "content-length")) length = number_in<std::uint64_t>(value);
    if (is_name(name, "content-range")) range = parse_content_range(value);
    if (is_name(name, "retry-after"))
        if (const auto seconds = number_in<int>(value))
            retry_after = std::chrono::seconds(*seconds);
}

std::string ResponseHead::validator() const {
    return !etag.empty() && !etag.starts_with("W/") ? etag : last_modified;
}

std::optional<std::uint64_t> ResponseHead::total() const {
    return status == 206 && range ? range->total : length;
}

Act judge(const ResponseHead& head, const Kept& kept) {
    switch (head.status) {
        case 200:
            return Act::take_all;
        case 206: {
            const bool fits =
                kept.can_go_on() && head.range && head.range->first == kept.bytes &&
                (!kept.total || !head.range->total || kept.total == head.range->total);
            return fits ? Act::take_rest : Act::start_over;
        }
        case 416: {
            const bool is_all = kept.can_go_on() && head.range && head.range->total == kept.bytes;
            if (is_all) return Act::finish;
            return kept.bytes > 0 ? Act::start_over : Act::give_up;
        }
        case 408:
        case 429:
            return Act::wait;
        default:
            return head.status >= 500 ? Act::wait : Act::give_up;
    }
}

std::string status_text(int status) {
    const auto found = std::ranges::find(kNames, status, [](const auto& one) { return one.first; });
    if (found == kNames.end()) return std::to_string(status);
    return fmt::format("{} {}", status, found->second);
}

}  // namespace tutti::depot
