// SPDX-License-Identifier: Apache-2.0
// Moments as protocols write them: ISO 8601 in UTC, "2026-01-01T00:00:00.000Z".
#pragma once

#include <chrono>
#include <string>

namespace tutti::dialect {

enum class Fraction { milliseconds, microseconds };

std::string iso_time(std::chrono::system_clock::time_point moment, Fraction fraction);

}  // namespace tutti::dialect
