// SPDX-License-Identifier: Apache-2.0
// Nodes of a TOML file as settings take them; internal to config/.
#pragma once

#include "config/settings.h"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <optional>
#include <string>

namespace tutti::config {

// In the text form that settings read, lists joined by commas; nullopt for what no setting has.
inline std::optional<std::string> text_of(const toml::node& node) {
    if (const auto* s = node.as_string()) return s->get();
    if (const auto* i = node.as_integer()) return std::to_string(i->get());
    if (const auto* b = node.as_boolean()) return b->get() ? "true" : "false";
    const auto* list = node.as_array();
    if (!list) return std::nullopt;
    std::vector<std::string> items;
    for (const auto& item : *list) {
        auto text = text_of(item);
        if (!text) return std::nullopt;
        items.push_back(std::move(*text));
    }
    return join_list(items);
}

// "file tutti.toml:3"
inline std::string line_of(std::string_view source, const toml::node& node) {
    return fmt::format("{}:{}", source, node.source().begin.line);
}

inline Error wrong_setting(std::string_view origin, std::string_view key, std::string_view why) {
    return Error(Errc::bad_config, fmt::format("{}: {} {}", origin, key, why));
}

}  // namespace tutti::config
