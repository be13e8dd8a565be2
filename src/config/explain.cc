// SPDX-License-Identifier: Apache-2.0
#include "config/explain.h"

#include "config/model_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace tutti::config {
namespace {

// Longer values push their own remark to the right, not everybody's.
constexpr std::size_t kWidestColumn = 44;

struct Line {
    std::string text;
    std::string_view origin;
};

std::size_t column_of(const std::vector<Line>& lines) {
    std::size_t column = 0;
    for (const auto& line : lines)
        if (line.text.size() <= kWidestColumn) column = std::max(column, line.text.size());
    return column;
}

}  // namespace

std::string_view origin_of(const LoadedConfig& loaded, std::string_view key) {
    const auto found = loaded.origins.find(key);
    return found == loaded.origins.end() ? "default" : std::string_view(found->second);
}

std::string explain(const LoadedConfig& loaded) {
    std::vector<Line> lines;
    const auto add = [&](const auto& setting, const std::string& shown, std::string_view origin) {
        lines.push_back(
            {fmt::format("{} = {}", setting.key, toml_value(shown, setting.kind)), origin});
    };
    for (const auto& setting : settings())
        add(setting, setting.show(loaded.config), origin_of(loaded, setting.key));
    for (const auto& model : loaded.config.known_models) {
        lines.push_back({"\n[[model]]", {}});
        for (const auto& setting : model_settings())
            add(setting, setting.show(model),
                origin_of(loaded, model_origin_key(model.id, setting.key)));
    }
    const auto column = column_of(lines);
    std::string out;
    for (const auto& line : lines)
        out += line.origin.empty() ? line.text + "\n"
                                   : fmt::format("{:<{}}  # {}\n", line.text, column, line.origin);
    return out;
}

}  // namespace tutti::config
