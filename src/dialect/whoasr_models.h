// SPDX-License-Identifier: Apache-2.0
// whoAsr's five types of model: /model/load, /model/unload/{type}, /model/info,
// /model/config/{type} and their part of /health. Each type stands for one of our models; one that
// recognises both live and from files stands for two.
#pragma once

#include "dialect/json_text.h"
#include "dialect/request_error.h"
#include "proto/worker_messages.h"

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tutti::dialect {

enum class WhoasrType { streaming_asr, offline_asr, punctuation, vad, timestamp };
inline constexpr std::size_t kWhoasrTypes = 5;

std::string_view name_of(WhoasrType type);

struct WhoasrModel {
    std::string id;  // empty = no model of the type is served
    bool is_loaded = false;
    bool is_kept = false;  // loaded when the server starts
    std::string backend;
    std::vector<std::string> languages;
};
using WhoasrModels = std::array<WhoasrModel, kWhoasrTypes>;

// The body of /model/load.
Parsed<WhoasrType> parse_whoasr_load(std::string_view body);
// The last part of the path; `status 400` is whoAsr's for an unknown one.
Parsed<WhoasrType> parse_whoasr_type(std::string_view name);

std::string whoasr_info_body(const WhoasrModels& models);
std::string whoasr_config_body(WhoasrType type, const WhoasrModel& model);

// What became of loading or unloading; a failure is told with status 200.
enum class WhoasrChange { loaded, already_loaded, unloaded, already_unloaded };
std::string whoasr_change_body(WhoasrType type, WhoasrChange change);
std::string whoasr_change_failure_body(WhoasrType type, bool is_loaded, const Error& failure);
// Why a type without a model cannot be loaded.
Error whoasr_no_model(WhoasrType type);

// How a model that is served for `type`, but not there, comes to be loaded.
std::string whoasr_how_to_load(WhoasrType type, std::string_view model, proto::ModelState state);

// "services" of /health.
json::object whoasr_services(const WhoasrModels& models);
int count_loaded(const WhoasrModels& models);

}  // namespace tutti::dialect
