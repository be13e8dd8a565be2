// SPDX-License-Identifier: Apache-2.0
// docs/operations.md against the tables of the code. A failure prints the rows as the page should
// have them.
#include "base/exit_code.h"
#include "config/load.h"
#include "supervisor/signals.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace tutti::supervisor {
namespace {

using Rows = std::vector<std::string>;

constexpr std::string_view kPage = TUTTI_SOURCE_DIR "/docs/operations.md";

// The rows of the first table under "## heading", its own head left out.
Rows rows_under(const std::string& heading) {
    std::ifstream in{std::string(kPage)};
    std::string line;
    while (std::getline(in, line) && line != "## " + heading) {
    }
    Rows rows;
    while (std::getline(in, line) && !line.starts_with("## ")) {
        if (line.starts_with("|"))
            rows.push_back(line);
        else if (!rows.empty())
            break;
    }
    if (rows.size() >= 2) rows.erase(rows.begin(), rows.begin() + 2);
    return rows;
}

std::string in_lines(const Rows& rows) {
    std::string text = "the page should have\n";
    for (const auto& row : rows) text += row + "\n";
    return text;
}

void expect_page(const std::string& heading, const Rows& expected) {
    EXPECT_EQ(rows_under(heading), expected) << in_lines(expected);
}

TEST(OperationsPage, HasTheSettingsOfTheCode) {
    Rows expected;
    for (const auto& setting : config::setting_helps())
        expected.push_back(
            fmt::format("| `{}` | {} | {} | {} |", setting.key,
                        setting.fallback.empty() ? "" : fmt::format("`{}`", setting.fallback),
                        setting.help, setting.needs_restart ? "yes" : ""));
    expect_page("Settings", expected);
}

TEST(OperationsPage, HasTheExitCodesOfTheCode) {
    Rows expected;
    for (const auto& row : exit_code::kTable)
        expected.push_back(fmt::format("| {} | {} | {} | {} |", row.code, row.name, row.meaning,
                                       row.is_hopeless ? "ends the first start" : ""));
    expect_page("Exit codes", expected);
}

TEST(OperationsPage, HasTheSignalsOfTheCode) {
    Rows expected;
    for (const auto& signal : kSignals)
        expected.push_back(fmt::format("| {} | {} |", signal.name, signal.effect));
    expect_page("Signals", expected);
}

}  // namespace
}  // namespace tutti::supervisor
