// SPDX-License-Identifier: Apache-2.0
#include "dialect/whoasr_models.h"

#include <fmt/format.h>

#include <algorithm>
#include <initializer_list>

namespace tutti::dialect {
namespace {

struct Type {
    std::string_view name;
    std::string_view display_name;
    std::string_view description;
    std::string_view kinds;  // of our models, for messages
    std::initializer_list<std::string_view> formats;
    std::string_view endpoint;
};

const Type kTypes[kWhoasrTypes] = {
    {"streaming_asr",
     "流式语音识别",
     "Live recognition",
     "asr-streaming or asr-offline",
     {"wav", "mp3", "flac", "ogg"},
     "/ws/{client_id}"},
    {"offline_asr",
     "离线语音识别",
     "File recognition",
     "asr-streaming or asr-offline",
     {"wav", "mp3", "mpeg", "m4a", "flac", "ogg"},
     "/offline/recognize"},
    {"punctuation",
     "标点符号添加",
     "Punctuation",
     "punctuation",
     {"text/plain"},
     "/punctuation/add"},
    {"vad",
     "语音端点检测",
     "Voice activity detection",
     "vad",
     {"wav", "mp3", "m4a", "flac", "ogg"},
     "/vad/detect"},
    {"timestamp",
     "时间戳预测",
     "Alignment of text and audio",
     "alignment",
     {"wav", "mp3", "m4a", "flac", "ogg"},
     "/timestamp/predict"},
};

const Type& row_of(WhoasrType type) {
    return kTypes[static_cast<std::size_t>(type)];
}

json::array strings(const auto& list) {
    return json::array(list.begin(), list.end());
}

// What all of whoAsr's answers say of a model.
json::object summary_of(const Type& type, const WhoasrModel& model) {
    return {{"loaded", model.is_loaded},
            {"display_name", type.display_name},
            {"description", type.description},
            {"auto_load", model.is_kept}};
}

json::object details_of(const Type& type, const WhoasrModel& model) {
    auto details = summary_of(type, model);
    details["model_name"] = model.id;
    details["dependencies"] = json::array();
    details["config"] =
        json::object{{"backend", model.backend}, {"languages", strings(model.languages)}};
    return details;
}

RequestError unknown_type(Errc cause, std::string_view param, std::string_view name) {
    auto error =
        bad_value(param, name, "must be streaming_asr, offline_asr, punctuation, vad or timestamp");
    error.error.code = make_error_code(cause);
    return error;
}

std::optional<WhoasrType> find_type(std::string_view name) {
    const auto* found = std::ranges::find(kTypes, name, &Type::name);
    if (found == std::end(kTypes)) return std::nullopt;
    return static_cast<WhoasrType>(found - std::begin(kTypes));
}

json::object change_json(WhoasrType type, bool is_done, std::string message, bool is_loaded) {
    return {{"success", is_done},
            {"model_type", name_of(type)},
            {"message", std::move(message)},
            {"loaded", is_loaded}};
}

}  // namespace

std::string_view name_of(WhoasrType type) {
    return row_of(type).name;
}

Parsed<WhoasrType> parse_whoasr_load(std::string_view body) {
    const auto request = parse_json_object(body);
    if (!request)
        return RequestError{{Errc::bad_parameter, "the body is no JSON object"}, "body", {}};
    const auto name = find_string(*request, "model_type");
    if (!name) return missing_parameter("model_type", "a string is required");
    if (const auto type = find_type(*name)) return *type;
    return unknown_type(Errc::bad_parameter, "model_type", *name);
}

Parsed<WhoasrType> parse_whoasr_type(std::string_view name) {
    if (const auto type = find_type(name)) return *type;
    return unknown_type(Errc::bad_request, "model_type", name);
}

std::string whoasr_info_body(const WhoasrModels& models) {
    json::object loaded, available;
    for (std::size_t n = 0; n < models.size(); ++n) {
        loaded[kTypes[n].name] = summary_of(kTypes[n], models[n]);
        available[kTypes[n].name] = details_of(kTypes[n], models[n]);
    }
    return to_text(json::object{{"models", std::move(loaded)},
                                {"total_loaded", count_loaded(models)},
                                {"available_models", std::move(available)}});
}

std::string whoasr_config_body(WhoasrType type, const WhoasrModel& model) {
    auto body = details_of(row_of(type), model);
    body["model_type"] = name_of(type);
    return to_text(body);
}

std::string whoasr_change_body(WhoasrType type, WhoasrChange change) {
    const auto name = name_of(type);
    switch (change) {
        case WhoasrChange::loaded:
            return to_text(change_json(type, true, fmt::format("{} model loaded", name), true));
        case WhoasrChange::already_loaded:
            return to_text(
                change_json(type, true, fmt::format("{} model is already loaded", name), true));
        case WhoasrChange::unloaded:
            return to_text(change_json(type, true, fmt::format("{} model unloaded", name), false));
        case WhoasrChange::already_unloaded:
            break;
    }
    return to_text(change_json(type, true, fmt::format("{} model is not loaded", name), false));
}

std::string whoasr_change_failure_body(WhoasrType type, bool is_loaded, const Error& failure) {
    return to_text(change_json(type, false, failure.context, is_loaded));
}

Error whoasr_no_model(WhoasrType type) {
    return Error(Errc::unavailable,
                 fmt::format("no model of kind {} is served; name one in the setting models",
                             row_of(type).kinds));
}

std::string whoasr_how_to_load(WhoasrType type, std::string_view model, proto::ModelState state) {
    if (state == proto::ModelState::loading)
        return fmt::format("'{}' is being loaded; try again soon", model);
    return fmt::format(
        "'{}' is served, but {}; on the server's machine: tutti ctl load {}, or "
        "POST /model/load {{\"model_type\":\"{}\"}}",
        model, proto::name_of(state), model, name_of(type));
}

json::object whoasr_services(const WhoasrModels& models) {
    json::object services;
    for (std::size_t n = 0; n < models.size(); ++n) {
        auto service = summary_of(kTypes[n], models[n]);
        service["supported_formats"] = strings(kTypes[n].formats);
        service["api_endpoints"] = json::array{kTypes[n].endpoint};
        services[kTypes[n].name] = std::move(service);
    }
    return services;
}

int count_loaded(const WhoasrModels& models) {
    return static_cast<int>(std::ranges::count(models, true, &WhoasrModel::is_loaded));
}

}  // namespace tutti::dialect
