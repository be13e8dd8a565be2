// SPDX-License-Identifier: Apache-2.0
#include "gateway/routes.h"

#include <gtest/gtest.h>

namespace tutti::gateway {
namespace {

struct Row {
    const char* method;
    const char* path;
    bool is_upgrade;
    Route route;
};

TEST(Routes, EveryPathAndMethodFindsItsHandler) {
    const Row rows[] = {
        {"GET", "/health", false, Route::health},
        {"HEAD", "/health", false, Route::health},
        {"POST", "/health", false, Route::wrong_method},
        {"GET", "/v1/listen", true, Route::deepgram_listen_live},
        {"POST", "/v1/listen", false, Route::deepgram_listen_file},
        {"GET", "/v1/listen", false, Route::wrong_method},
        {"DELETE", "/v1/listen", false, Route::wrong_method},
        {"OPTIONS", "/upload-file", false, Route::preflight},
        {"POST", "/timestamp/predict", false, Route::whoasr_timestamp},
        {"POST", "/punctuation/add", false, Route::whoasr_punctuation},
        {"GET", "/punctuation", false, Route::site},
        {"GET", "/timestamp", false, Route::site},
        {"GET", "/ws/abc", true, Route::whoasr_live},
        {"POST", "/vad/detect", false, Route::whoasr_vad},
        {"GET", "/vad/ws/abc", true, Route::whoasr_vad_live},
        {"GET", "/ws/", true, Route::not_found},
        {"GET", "/ws/a/b", true, Route::not_found},
        {"GET", "/v1/models/en-us", false, Route::openai_model},
        {"POST", "/v1/admin/models/load", false, Route::admin_change},
        {"GET", "/v1/admin/models", false, Route::admin_models},
        {"DELETE", "/v1/admin/models/en-us", false, Route::wrong_method},
        {"POST", "/model/unload/vad", false, Route::whoasr_model_unload},
        {"GET", "/model/load", false, Route::wrong_method},
        {"GET", "/", false, Route::site},
        {"GET", "/assets/x.js", false, Route::site},
        {"POST", "/", false, Route::wrong_method},
        {"POST", "/nope", false, Route::not_found},
        {"GET", "/nope", true, Route::not_found},
    };
    for (const auto& row : rows)
        EXPECT_EQ(match_route(row.method, row.path, row.is_upgrade).route, row.route)
            << row.method << ' ' << row.path;
}

TEST(Routes, TellTailAndAllowedMethodsAndWhoseErrorsApply) {
    EXPECT_EQ(match_route("GET", "/v1/models/en-us", false).tail, "en-us");
    EXPECT_EQ(match_route("DELETE", "/v1/listen", false).allow, "POST, GET");
    EXPECT_EQ(match_route("GET", "/v1/unknown", false).protocol, dialect::Protocol::openai);
    EXPECT_EQ(match_route("POST", "/v1/listen", false).protocol, dialect::Protocol::deepgram);
    EXPECT_EQ(match_route("POST", "/upload-file", false).protocol, dialect::Protocol::kn_demo);
}

}  // namespace
}  // namespace tutti::gateway
