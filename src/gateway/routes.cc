// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes.h"

namespace tutti::gateway {
namespace {

using dialect::Protocol;

enum class Kind { plain, upgrade };

struct Entry {
    std::string_view method;
    std::string_view path;  // a final '*' matches one non-empty segment
    Kind kind;
    Route route;
    Protocol protocol;
};

constexpr Entry kRoutes[] = {
    {"GET", "/health", Kind::plain, Route::health, Protocol::whoasr},
    {"GET", "/livez", Kind::plain, Route::livez, Protocol::whoasr},
    {"GET", "/readyz", Kind::plain, Route::readyz, Protocol::whoasr},
    {"GET", "/metrics", Kind::plain, Route::metrics, Protocol::whoasr},
    {"POST", "/v1/audio/transcriptions", Kind::plain, Route::openai_transcriptions,
     Protocol::openai},
    {"GET", "/v1/models", Kind::plain, Route::openai_models, Protocol::openai},
    {"GET", "/v1/models/*", Kind::plain, Route::openai_model, Protocol::openai},
    {"POST", "/v1/listen", Kind::plain, Route::deepgram_listen_file, Protocol::deepgram},
    {"GET", "/v1/listen", Kind::upgrade, Route::deepgram_listen_live, Protocol::deepgram},
    {"POST", "/offline/recognize", Kind::plain, Route::whoasr_recognize, Protocol::whoasr},
    {"POST", "/timestamp/predict", Kind::plain, Route::whoasr_timestamp, Protocol::whoasr},
    {"POST", "/vad/detect", Kind::plain, Route::whoasr_vad, Protocol::whoasr},
    {"GET", "/vad/ws/*", Kind::upgrade, Route::whoasr_vad_live, Protocol::whoasr},
    {"POST", "/punctuation/add", Kind::plain, Route::whoasr_punctuation, Protocol::whoasr},
    {"GET", "/ws/*", Kind::upgrade, Route::whoasr_live, Protocol::whoasr},
    {"POST", "/model/load", Kind::plain, Route::whoasr_model_load, Protocol::whoasr},
    {"POST", "/model/unload/*", Kind::plain, Route::whoasr_model_unload, Protocol::whoasr},
    {"GET", "/model/info", Kind::plain, Route::whoasr_model_info, Protocol::whoasr},
    {"GET", "/model/config/*", Kind::plain, Route::whoasr_model_config, Protocol::whoasr},
    {"GET", "/v1/admin/models", Kind::plain, Route::admin_models, Protocol::openai},
    {"GET", "/v1/admin/models/*", Kind::plain, Route::admin_model, Protocol::openai},
    {"POST", "/v1/admin/models/*", Kind::plain, Route::admin_change, Protocol::openai},
    {"POST", "/upload-file", Kind::plain, Route::kn_demo_upload, Protocol::kn_demo},
};

bool matches(std::string_view pattern, std::string_view path, std::string_view& tail) {
    if (!pattern.ends_with('*')) return pattern == path;
    pattern.remove_suffix(1);
    if (!path.starts_with(pattern)) return false;
    tail = path.substr(pattern.size());
    return !tail.empty() && tail.find('/') == std::string_view::npos;
}

}  // namespace

Match match_route(std::string_view method, std::string_view path, bool is_upgrade) {
    Match match;
    match.protocol = path.starts_with("/v1/") ? Protocol::openai : Protocol::whoasr;
    for (const auto& entry : kRoutes) {
        std::string_view tail;
        if (!matches(entry.path, path, tail)) continue;
        match.protocol = entry.protocol;
        const bool is_head = method == "HEAD" && entry.method == "GET" && !is_upgrade;
        if ((entry.method == method || is_head) && (entry.kind == Kind::upgrade) == is_upgrade) {
            match.route = entry.route;
            match.tail = tail;
            return match;
        }
        if (!match.allow.empty()) match.allow += ", ";
        match.allow += entry.method;
        match.route = Route::wrong_method;
    }
    if (match.route == Route::wrong_method) {
        if (method == "OPTIONS") match.route = Route::preflight;
        return match;
    }
    if (is_upgrade) return match;
    if (method == "GET" || method == "HEAD") {
        match.route = Route::site;
    } else if (path == "/") {
        match.route = Route::wrong_method;
        match.allow = "GET";
    }
    return match;
}

}  // namespace tutti::gateway
