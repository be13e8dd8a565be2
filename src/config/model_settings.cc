// SPDX-License-Identifier: Apache-2.0
#include "config/model_settings.h"

#include <fmt/format.h>

namespace tutti::config {
namespace {

constexpr std::int64_t kMostOfAModel = 1024;

ModelSetting text(std::string_view key, std::string Model::*member) {
    return {key, Setting::Kind::text,
            [member](Model& m, std::string_view value) -> Result<void> {
                m.*member = value;
                return {};
            },
            [member](const Model& m) { return m.*member; }};
}

ModelSetting number(std::string_view key, int Model::*member) {
    return {key, Setting::Kind::number,
            [member](Model& m, std::string_view value) -> Result<void> {
                const auto n = parse_number(value);
                if (!n) return n.error();
                if (*n > kMostOfAModel) return Error(Errc::bad_config, "must be at most 1024");
                m.*member = static_cast<int>(*n);
                return {};
            },
            [member](const Model& m) { return std::to_string(m.*member); }};
}

// A number of any size; T is what one of them makes.
template <class T>
ModelSetting large(std::string_view key, T Model::*member, std::int64_t most) {
    return {key, Setting::Kind::number,
            [member, most](Model& m, std::string_view value) -> Result<void> {
                const auto n = parse_number(value);
                if (!n) return n.error();
                if (*n > most)
                    return Error(Errc::bad_config, fmt::format("must be at most {}", most));
                m.*member = T(*n);
                return {};
            },
            [member](const Model& m) {
                if constexpr (std::is_integral_v<T>)
                    return std::to_string(m.*member);
                else
                    return std::to_string((m.*member).count());
            }};
}

ModelSetting list(std::string_view key, std::vector<std::string> Model::*member) {
    return {key, Setting::Kind::list,
            [member](Model& m, std::string_view value) -> Result<void> {
                m.*member = split_list(value);
                return {};
            },
            [member](const Model& m) { return join_list(m.*member); }};
}

ModelSetting flag(std::string_view key, bool Model::*member) {
    return {key, Setting::Kind::text,
            [member](Model& m, std::string_view value) -> Result<void> {
                if (value != "true" && value != "false")
                    return Error(Errc::bad_config, "must be true or false");
                m.*member = value == "true";
                return {};
            },
            [member](const Model& m) { return std::string(m.*member ? "true" : "false"); }};
}

ModelSetting kind() {
    return {"kind", Setting::Kind::text,
            [](Model& m, std::string_view value) -> Result<void> {
                const auto known = models::find_kind(value);
                if (!known)
                    return Error(Errc::bad_config, "must be one of " + models::kind_names());
                m.kind = *known;
                return {};
            },
            [](const Model& m) { return std::string(models::name_of(m.kind)); }};
}

}  // namespace

std::span<const ModelSetting> model_settings() {
    static const ModelSetting table[] = {
        text("id", &Model::id),
        text("backend", &Model::backend),
        kind(),
        list("languages", &Model::languages),
        flag("punctuates", &Model::punctuates),
        list("aliases", &Model::aliases),
        text("directory", &Model::directory),
        text("vad", &Model::vad),
        number("replicas", &Model::replicas),
        number("max_replicas", &Model::max_replicas),
        large("idle_unload", &Model::idle_unload, 1'000'000'000),
        large("memory_bytes", &Model::memory_bytes, std::int64_t{1} << 50),
        text("second_pass", &Model::second_pass),
        large("second_pass_limit", &Model::second_pass_limit, 60'000),
        number("whole_threads", &Model::whole_threads),
        number("live_threads", &Model::live_threads),
    };
    return table;
}

std::string model_origin_key(std::string_view model_id, std::string_view key) {
    return fmt::format("model.{}.{}", model_id, key);
}

}  // namespace tutti::config
