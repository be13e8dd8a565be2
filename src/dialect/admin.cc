// SPDX-License-Identifier: Apache-2.0
#include "dialect/admin.h"

#include "base/log.h"
#include "dialect/json_text.h"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tutti::dialect {
namespace {

constexpr std::array<std::string_view, 4> kChanges = {"load", "unload", "pin", "unpin"};

Result<json::array> parse_list(std::string_view list) {
    boost::system::error_code failure;
    auto value = json::parse(list, failure);
    if (failure || !value.is_array())
        return Error(Errc::internal, "the supervisor's list of models cannot be read");
    return std::move(value.as_array());
}

}  // namespace

bool is_admin_change(std::string_view verb) {
    return std::ranges::count(kChanges, verb) > 0;
}

Parsed<std::string> parse_admin_change(std::string_view body) {
    const auto request = parse_json_object(body);
    if (!request)
        return RequestError{
            {Errc::bad_request, "the body must be {\"model\": \"its id\"}"}, {}, {}};
    const auto model = find_string(*request, "model");
    if (!model || model->empty())
        return missing_parameter("model", "the id of a model is required");
    return std::string(*model);
}

std::string admin_request(std::string_view command, std::string_view model) {
    return to_text(json::object{{"command", command}, {"what", model}});
}

Result<std::string> admin_models_body(std::string_view list) {
    auto models = parse_list(list);
    if (!models) return models.error();
    return to_text(json::object{{"object", "list"}, {"data", std::move(*models)}});
}

Result<std::string> admin_model_body(std::string_view list, std::string_view model) {
    const auto models = parse_list(list);
    if (!models) return models.error();
    for (const auto& one : *models)
        if (one.is_object() && find_string(one.as_object(), "id") == model) return to_text(one);
    return Error(Errc::unknown_model,
                 fmt::format("there is no model '{}' here", log::printable(model, 60)));
}

}  // namespace tutti::dialect
