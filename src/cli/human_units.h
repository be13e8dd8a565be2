// SPDX-License-Identifier: Apache-2.0
// Times and sizes in a few characters, for people who compare them at a glance. Pure.
#pragma once

#include <string>

namespace tutti::cli {

// "0.3s", "42s", "3m 20s", "5h 12m", "3d 4h"; rounded down.
std::string short_time(double seconds);

// "812 B", "4.1 kB", "128 MB": powers of 1000.
std::string short_size(double bytes);

}  // namespace tutti::cli
