// SPDX-License-Identifier: Apache-2.0
// The table of settings; internal to config/.
#pragma once

#include "base/error.h"
#include "config/config.h"

#include <functional>
#include <span>
#include <string>
#include <string_view>

namespace tutti::config {

struct Setting {
    enum class Kind { text, number, truth, list };

    std::string_view key;  // in the file and, upper-case after TUTTI_, in the environment
    Kind kind;
    std::string_view help;
    std::function<Result<void>(Config&, std::string_view value)> set;
    std::function<std::string(const Config&)> show;  // a value as `set` reads it
    bool needs_restart = false;                      // a reload that changes it is refused
};

std::span<const Setting> settings();

// Those of Config::audio_store, which are among them; audio_store_settings.cc.
std::vector<Setting> audio_store_settings();

// Non-negative, or an error that says so.
Result<std::int64_t> parse_number(std::string_view text);
std::vector<std::string> split_list(std::string_view text);
std::string join_list(const std::vector<std::string>& items);
// What `show` gives, as TOML has a value of that kind.
std::string toml_value(std::string_view shown, Setting::Kind kind);

}  // namespace tutti::config
