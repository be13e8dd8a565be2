// SPDX-License-Identifier: Apache-2.0
#include "cli/ctl_status.h"

#include "base/log.h"
#include "cli/human_units.h"

#include <boost/json/array.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

namespace tutti::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kShownText = 1000;
constexpr std::array kTitles = {"PLACE",  "PID",      "STATE",       "AGE",    "BEAT",
                                "MEMORY", "REQUESTS", "CONNECTIONS", "STREAMS"};
constexpr std::size_t kPlaceColumn = 0;
constexpr std::size_t kStateColumn = 2;

using Cells = std::array<std::string, kTitles.size()>;

// --- reading -------------------------------------------------------------------------------------

std::string text_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    if (!value || !value->is_string()) return "?";
    return log::printable(value->as_string(), kShownText);
}

std::optional<double> number_of(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    boost::system::error_code not_a_number;
    const auto number = value ? value->to_number<double>(not_a_number) : 0.0;
    return value && !not_a_number ? std::optional(number) : std::nullopt;
}

std::string count_of(const json::object& object, std::string_view key) {
    const auto number = number_of(object, key);
    return number ? fmt::format("{:.0f}", *number) : "?";
}

std::string time_of(const json::object& object, std::string_view key) {
    const auto seconds = number_of(object, key);
    return seconds ? short_time(*seconds) : "?";
}

std::string size_of(const json::object& object, std::string_view key) {
    const auto bytes = number_of(object, key);
    return bytes ? short_size(*bytes) : "?";
}

// The objects of a list; none when there is no such list.
std::vector<const json::object*> objects_in(const json::object& object, std::string_view key) {
    std::vector<const json::object*> found;
    const auto* list = object.if_contains(key);
    if (!list || !list->is_array()) return found;
    for (const auto& item : list->get_array())
        if (const auto* one = item.if_object()) found.push_back(one);
    return found;
}

// --- the lines above the table -------------------------------------------------------------------

std::string_view colour_of(std::string_view state) {
    if (state == "ready") return "\x1b[32m";
    if (state == "failing" || state == "failed") return "\x1b[1;31m";
    return "\x1b[33m";
}

std::string coloured(std::string_view text, std::string_view colour, TextStyle style) {
    if (style == TextStyle::plain) return std::string(text);
    return fmt::format("{}{}\x1b[0m", colour, text);
}

std::string head_line(const json::object& status, TextStyle style) {
    const auto state = text_of(status, "state");
    return fmt::format("{}: Tutti {} at {}, pid {}, up {}, generation {}\n",
                       coloured(state, colour_of(state), style), text_of(status, "version"),
                       text_of(status, "url"), count_of(status, "pid"),
                       time_of(status, "uptime_seconds"), count_of(status, "generation"));
}

// "2026-11-21T10:00:00Z" as "2026-11-21 10:00:00 UTC".
std::string readable_moment(std::string moment) {
    std::ranges::replace(moment, 'T', ' ');
    if (!moment.ends_with('Z')) return moment;
    moment.pop_back();
    return moment + " UTC";
}

std::string reload_line(const json::object& status, TextStyle style) {
    const auto* value = status.if_contains("last_reload");
    const auto* reload = value ? value->if_object() : nullptr;
    const auto* ok = reload ? reload->if_contains("ok") : nullptr;
    if (!ok || !ok->is_bool() || ok->get_bool()) return {};
    return fmt::format("{} at {}, nothing was changed: {}\n",
                       coloured("the last reload failed", colour_of("failing"), style),
                       readable_moment(text_of(*reload, "at")), text_of(*reload, "error"));
}

std::string upgrade_line(const json::object& status, TextStyle style) {
    const auto* upgrade = status.if_contains("upgrade");
    if (!upgrade || upgrade->is_null()) return {};
    return coloured("an upgrade is under way", colour_of("starting"), style) +
           ": this server serves until the new one does\n";
}

// --- the table -----------------------------------------------------------------------------------

struct Row {
    Cells cells;
    std::size_t filled = kTitles.size();  // cells from there on are not written
    std::string note;                     // behind the last cell
};

std::string deaths_of(const json::object& place) {
    const auto deaths = number_of(place, "deaths").value_or(0);
    if (deaths < 1) return {};
    return fmt::format("{:.0f} death{}, last: {}", deaths, deaths < 2 ? "" : "s",
                       text_of(place, "last_death"));
}

Row row_of(const json::object& place, const json::object& process) {
    const auto role = text_of(place, "role");
    const bool is_gateway = role == "gateway";
    Row row{.cells = {text_of(place, "name"), count_of(process, "pid"), text_of(process, "state"),
                      time_of(process, "uptime_seconds"), time_of(process, "beat_age_seconds"),
                      size_of(process, "rss_bytes"), count_of(process, "requests"),
                      is_gateway ? count_of(process, "connections") : "-",
                      role == "scribe" ? "-" : count_of(process, "streams")}};
    if (text_of(place, "state") == "failing") row.note = "failing: " + deaths_of(place);
    return row;
}

// Of a place where nothing runs.
Row empty_row(const json::object& place) {
    return {.cells = {text_of(place, "name"), "-", text_of(place, "state")},
            .filled = kStateColumn + 1,
            .note = deaths_of(place)};
}

std::vector<Row> rows_of(const json::object& status) {
    std::vector<Row> rows;
    for (const auto* place : objects_in(status, "places")) {
        const auto processes = objects_in(*place, "processes");
        for (const auto* process : processes) rows.push_back(row_of(*place, *process));
        if (processes.empty()) rows.push_back(empty_row(*place));
    }
    return rows;
}

using Widths = std::array<std::size_t, kTitles.size()>;

std::string line_of(const Row& row, const Widths& widths, TextStyle style) {
    std::string line;
    for (std::size_t i = 0; i < row.filled; ++i) {
        const auto& cell = row.cells[i];
        const std::string padding(widths[i] - cell.size(), ' ');
        const bool is_left = i == kPlaceColumn || i == kStateColumn;
        const auto shown = i == kStateColumn ? coloured(cell, colour_of(cell), style) : cell;
        line += (i > 0 ? "  " : "") + (is_left ? shown + padding : padding + shown);
    }
    if (!row.note.empty()) line += "  " + row.note;
    while (line.ends_with(' ')) line.pop_back();
    return line + "\n";
}

std::string table_of(const std::vector<Row>& rows, TextStyle style) {
    Row titles;
    std::ranges::copy(kTitles, titles.cells.begin());
    Widths widths{};
    for (std::size_t i = 0; i < widths.size(); ++i) {
        widths[i] = titles.cells[i].size();
        for (const auto& row : rows) widths[i] = std::max(widths[i], row.cells[i].size());
    }
    auto text = line_of(titles, widths, TextStyle::plain);
    for (const auto& row : rows) text += line_of(row, widths, style);
    return text;
}

// --- models --------------------------------------------------------------------------------------

bool is_true(const json::object& object, std::string_view key) {
    const auto* value = object.if_contains(key);
    return value && value->is_bool() && value->get_bool();
}

// A line for each model that is not just there all the time.
std::string model_lines(const json::object& status, TextStyle style) {
    std::string lines;
    for (const auto* model : objects_in(status, "models")) {
        const auto state = text_of(*model, "state");
        const auto why = text_of(*model, "why");
        const bool is_on_demand = is_true(*model, "on_demand");
        const bool is_pinned = is_true(*model, "pinned");
        if (state == "ready" && !is_on_demand && !is_pinned) continue;
        lines += fmt::format("model {}: {}", text_of(*model, "id"),
                             coloured(state, colour_of(state), style));
        if (is_on_demand) lines += ", on demand";
        if (is_pinned) lines += ", pinned";
        if (!why.empty()) lines += ": " + why;
        lines += "\n";
    }
    return lines.empty() ? lines : "\n" + lines;
}

}  // namespace

std::string status_text(const json::object& status, TextStyle style) {
    return head_line(status, style) + reload_line(status, style) + upgrade_line(status, style) +
           "\n" + table_of(rows_of(status), style) + model_lines(status, style);
}

}  // namespace tutti::cli
