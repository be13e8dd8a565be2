// SPDX-License-Identifier: Apache-2.0
#include "dialect/iso_time.h"

#include <fmt/format.h>

namespace tutti::dialect {

std::string iso_time(std::chrono::system_clock::time_point moment, Fraction fraction) {
    using namespace std::chrono;
    const auto day = floor<days>(moment);
    const year_month_day date(day);
    const hh_mm_ss time(floor<microseconds>(moment - day));
    auto text =
        fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}", static_cast<int>(date.year()),
                    static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                    time.hours().count(), time.minutes().count(), time.seconds().count(),
                    time.subseconds().count());
    if (fraction == Fraction::milliseconds) text.resize(text.size() - 3);
    return text + 'Z';
}

}  // namespace tutti::dialect
