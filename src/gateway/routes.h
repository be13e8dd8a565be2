// SPDX-License-Identifier: Apache-2.0
// Which handler a path and method mean. Pure.
#pragma once

#include "dialect/error_map.h"

#include <string>
#include <string_view>

namespace tutti::gateway {

enum class Route {
    site,
    health,
    livez,
    readyz,
    metrics,
    openai_transcriptions,
    openai_models,
    openai_model,
    deepgram_listen_file,
    deepgram_listen_live,
    whoasr_recognize,
    whoasr_timestamp,
    whoasr_punctuation,
    whoasr_live,
    whoasr_model_load,
    whoasr_model_unload,
    whoasr_model_info,
    whoasr_model_config,
    admin_models,
    admin_model,
    admin_change,
    whoasr_vad,
    whoasr_vad_live,
    kn_demo_upload,
    preflight,
    wrong_method,
    not_found,
};

struct Match {
    Route route = Route::not_found;
    // In whose shape errors are told.
    dialect::Protocol protocol = dialect::Protocol::whoasr;
    std::string_view tail;  // what a path ending in "*" matched: a model id, a client id
    std::string allow;      // for wrong_method: the methods there are
};

Match match_route(std::string_view method, std::string_view path, bool is_upgrade);

}  // namespace tutti::gateway
