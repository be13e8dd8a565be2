// SPDX-License-Identifier: Apache-2.0
#include "cli/progress_line.h"

#include "base/log.h"
#include "dialect/utf8.h"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

namespace tutti::cli {
namespace {

constexpr std::size_t kLongestBar = 40;
constexpr std::size_t kShortestBar = 10;
constexpr std::size_t kShortestName = 8;

// A character beyond ASCII counts as two columns, as the widest are.
std::size_t columns_of(std::string_view text) {
    const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
    const auto ascii = static_cast<std::size_t>(std::ranges::count_if(text, is_ascii));
    return ascii + 2 * (dialect::character_count(text) - ascii);
}

// The end of a path says more than its beginning.
std::string shortened(std::string name, std::size_t width) {
    static constexpr std::string_view kCut = "..";
    if (columns_of(name) <= width) return name;
    while (!name.empty() && columns_of(name) + kCut.size() > width) {
        do name.erase(0, 1);
        while (!name.empty() && (static_cast<unsigned char>(name.front()) & 0xc0) == 0x80);
    }
    return width < kCut.size() ? std::string() : std::string(kCut) + name;
}

std::string clock(double seconds) {
    const auto whole = static_cast<long long>(std::min(seconds, 1e9));
    if (whole < 3600) return fmt::format("{}:{:02}", whole / 60, whole % 60);
    return fmt::format("{}:{:02}:{:02}", whole / 3600, whole / 60 % 60, whole % 60);
}

std::string_view verb_of(Stage stage) {
    switch (stage) {
        case Stage::uploading:
            return "uploading";
        case Stage::recognising:
            return "recognising";
        case Stage::downloading:
            return "downloading";
        case Stage::unpacking:
            return "unpacking";
        case Stage::verifying:
            return "verifying";
    }
    return {};
}

std::string amount(Stage stage, double value) {
    if (stage == Stage::recognising) return clock(value);
    return value < 1e6 ? fmt::format("{:.0f} kB", value / 1e3)
                       : fmt::format("{:.1f} MB", value / 1e6);
}

std::string bar(double share, std::size_t columns) {
    const auto filled = static_cast<std::size_t>(share * static_cast<double>(columns));
    return fmt::format("[{}{}]", std::string(filled, '#'), std::string(columns - filled, '.'));
}

}  // namespace

std::string progress_line(const std::string& raw_name, const Progress& progress,
                          std::size_t width) {
    const bool is_total_known = progress.total > 0;
    const double share = is_total_known ? std::clamp(progress.done / progress.total, 0.0, 1.0) : 0;
    const auto verb = verb_of(progress.stage);
    auto facts = fmt::format(" {}", amount(progress.stage, progress.done));
    if (is_total_known)
        facts = fmt::format(" {:3}%{} of {}", static_cast<int>(share * 100), facts,
                            amount(progress.stage, progress.total));
    const auto tail = fmt::format(" {:<11}", verb);
    const auto rest = tail.size() + facts.size();
    if (rest + kShortestName > width) return (std::string(verb) + facts).substr(0, width);
    const auto name_room = std::max(kShortestName, (width - rest) / 2);
    auto name = shortened(dialect::to_valid_utf8(log::printable(raw_name)), name_room);
    const auto used = columns_of(name) + rest;
    const auto room = width > used + 3 ? width - used - 3 : 0;
    if (!is_total_known || room < kShortestBar) return name + tail + facts;
    return name + tail + ' ' + bar(share, std::min(room, kLongestBar)) + facts;
}

}  // namespace tutti::cli
