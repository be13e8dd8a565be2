// SPDX-License-Identifier: Apache-2.0
#include "cli/human_units.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>

namespace tutti::cli {

std::string short_time(double seconds) {
    seconds = std::clamp(seconds, 0.0, 1e12);
    if (seconds < 10) return fmt::format("{:.1f}s", std::floor(seconds * 10) / 10);
    const auto whole = static_cast<std::int64_t>(seconds);
    if (whole < 60) return fmt::format("{}s", whole);
    if (whole < 3600) return fmt::format("{}m {}s", whole / 60, whole % 60);
    if (whole < 86400) return fmt::format("{}h {}m", whole / 3600, whole / 60 % 60);
    return fmt::format("{}d {}h", whole / 86400, whole / 3600 % 24);
}

std::string short_size(double bytes) {
    static constexpr std::array kUnits = {"B", "kB", "MB", "GB", "TB"};
    std::size_t unit = 0;
    // From 999.5 on it would round to four digits.
    for (; bytes >= 999.5 && unit + 1 < kUnits.size(); ++unit) bytes /= 1000;
    const bool has_decimal = unit > 0 && bytes < 99.95;
    return fmt::format("{:.{}f} {}", bytes, has_decimal ? 1 : 0, kUnits[unit]);
}

}  // namespace tutti::cli
