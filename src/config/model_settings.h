// SPDX-License-Identifier: Apache-2.0
// The table of a model's settings, as settings.h has that of the server's; internal to config/.
#pragma once

#include "config/settings.h"

namespace tutti::config {

struct ModelSetting {
    std::string_view key;
    Setting::Kind kind;
    std::function<Result<void>(Model&, std::string_view value)> set;
    std::function<std::string(const Model&)> show;  // a value as `set` reads it
};

std::span<const ModelSetting> model_settings();

// Its key in Origins.
std::string model_origin_key(std::string_view model_id, std::string_view key);

}  // namespace tutti::config
