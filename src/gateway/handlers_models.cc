// SPDX-License-Identifier: Apache-2.0
// The models of the server, shown and changed: /v1/admin/models, and whoAsr's /model/*.
#include "base/log.h"
#include "dialect/admin.h"
#include "dialect/openai_body.h"
#include "dialect/whoasr_models.h"
#include "gateway/handlers.h"
#include "gateway/upload.h"
#include "policy/admin_access.h"

#include <algorithm>
#include <array>

namespace tutti::gateway {
namespace {

using dialect::WhoasrModel;
using dialect::WhoasrType;

constexpr std::size_t kMostBody = 64 * 1024;

Response refusal(dialect::Protocol protocol, const Exchange& exchange, Error error) {
    return error_response(protocol, as_request_error(std::move(error)), exchange.id());
}

bool is_from_here(Exchange& exchange) {
    boost::system::error_code failure;
    const auto peer = exchange.stream().socket().remote_endpoint(failure);
    return !failure && peer.address().is_loopback();
}

bool comes_through_proxy(const Exchange& exchange) {
    return std::ranges::any_of(std::array{"forwarded", "via", "x-forwarded-for", "x-forwarded-host",
                                          "x-forwarded-proto", "x-real-ip"},
                               [&](const char* name) { return !exchange.header(name).empty(); });
}

std::optional<Error> change_refusal(const Services& services, Exchange& exchange) {
    const auto access = policy::find_admin_access(services.config.admin_access);
    return policy::admin_refusal(access.value_or(policy::AdminAccess::off),
                                 {.is_loopback = is_from_here(exchange),
                                  .is_forwarded = comes_through_proxy(exchange),
                                  .host = exchange.header("host"),
                                  .origin = exchange.header("origin")},
                                 services.config.cors_origins);
}

asio::awaitable<Result<std::string>> change(Services& services, std::string_view command,
                                            std::string_view model) {
    auto request = dialect::admin_request(command, model);
    co_return co_await services.worker.ask(std::move(request));
}

// The answer to whoever asked for `model`; all of them when it is empty.
asio::awaitable<Response> show(Services& services, const Exchange& exchange, std::string model) {
    auto request = dialect::admin_request("models", {});
    const auto list = co_await services.worker.ask(std::move(request));
    if (!list) co_return refusal(dialect::Protocol::openai, exchange, list.error());
    auto body =
        model.empty() ? dialect::admin_models_body(*list) : dialect::admin_model_body(*list, model);
    if (!body) co_return refusal(dialect::Protocol::openai, exchange, body.error());
    co_return Response{.body = std::move(*body)};
}

// The model that stands for one of whoAsr's types, or nullptr.
const config::Model* model_of(const Services& services, WhoasrType type) {
    const auto& config = services.config;
    const auto first = [&](models::Kind kind) { return config::first_of(config, kind); };
    const auto* common = config::speech_models(config).front();
    const auto or_common = [&](const config::Model* model) { return model ? model : common; };
    switch (type) {
        case WhoasrType::streaming_asr:
            return common;
        case WhoasrType::offline_asr:
            return or_common(first(models::Kind::asr_offline));
        case WhoasrType::punctuation:
            return first(models::Kind::punctuation);
        case WhoasrType::vad:
            return first(models::Kind::vad);
        case WhoasrType::timestamp:
            break;
    }
    for (const auto& id : config.models)
        if (services.engines.aligns(id)) return config::find_model(config, id);
    return first(models::Kind::alignment);
}

WhoasrModel whoasr_model(const Services& services, WhoasrType type) {
    const auto* model = model_of(services, type);
    if (!model) return {};
    // Files need somebody who reads them.
    const bool needs_scribe =
        type == WhoasrType::offline_asr || type == WhoasrType::timestamp || type == WhoasrType::vad;
    return {.id = model->id,
            .is_loaded = services.engines.is_served(model->id) &&
                         (!needs_scribe || services.scribes.has_ready()),
            .is_kept = model->replicas > 0,
            .backend = model->backend,
            .languages = model->languages};
}

asio::awaitable<Response> change_whoasr(Services& services, Exchange& exchange, WhoasrType type,
                                        std::string_view command) {
    if (auto error = change_refusal(services, exchange))
        co_return refusal(dialect::Protocol::whoasr, exchange, std::move(*error));
    const bool loads = command == "load";
    const auto model = whoasr_model(services, type);
    const bool is_served = !model.id.empty() && services.engines.is_served(model.id);
    using dialect::WhoasrChange;
    if (!loads && model.id.empty())
        co_return Response{.body =
                               dialect::whoasr_change_body(type, WhoasrChange::already_unloaded)};
    if (model.id.empty())
        co_return Response{.body = dialect::whoasr_change_failure_body(
                               type, false, dialect::whoasr_no_model(type))};
    const auto done = co_await change(services, command, model.id);
    if (!done)
        co_return Response{.body =
                               dialect::whoasr_change_failure_body(type, is_served, done.error())};
    const auto what = loads ? (is_served ? WhoasrChange::already_loaded : WhoasrChange::loaded)
                            : (is_served ? WhoasrChange::unloaded : WhoasrChange::already_unloaded);
    co_return Response{.body = dialect::whoasr_change_body(type, what)};
}

}  // namespace

asio::awaitable<Response> handle_admin_models(Services& services, Exchange& exchange,
                                              std::string_view id) {
    auto model = std::string(id);
    co_return co_await show(services, exchange, std::move(model));
}

asio::awaitable<Response> handle_admin_change(Services& services, Exchange& exchange,
                                              std::string_view verb) {
    constexpr auto kProtocol = dialect::Protocol::openai;
    if (!dialect::is_admin_change(verb))
        co_return refusal(kProtocol, exchange, Error(Errc::not_found, "Not Found"));
    if (auto error = change_refusal(services, exchange))
        co_return refusal(kProtocol, exchange, std::move(*error));
    const auto body = co_await read_text(exchange, kMostBody);
    if (!body) co_return refusal(kProtocol, exchange, body.error());
    const auto model = dialect::parse_admin_change(*body);
    if (!model) co_return error_response(kProtocol, model.error(), exchange.id());
    const auto done = co_await change(services, verb, *model);
    if (!done) co_return refusal(kProtocol, exchange, done.error());
    auto shown = *model;
    co_return co_await show(services, exchange, std::move(shown));
}

dialect::WhoasrModels whoasr_models(const Services& services) {
    dialect::WhoasrModels models;
    for (std::size_t n = 0; n < models.size(); ++n)
        models[n] = whoasr_model(services, static_cast<WhoasrType>(n));
    return models;
}

Response whoasr_info_response(const Services& services) {
    return {.body = dialect::whoasr_info_body(whoasr_models(services))};
}

Response whoasr_config_response(const Services& services, const Exchange& exchange,
                                std::string_view type) {
    const auto known = dialect::parse_whoasr_type(type);
    if (!known) return error_response(dialect::Protocol::whoasr, known.error(), exchange.id());
    return {.body = dialect::whoasr_config_body(*known, whoasr_model(services, *known))};
}

asio::awaitable<Response> handle_whoasr_load(Services& services, Exchange& exchange) {
    const auto body = co_await read_text(exchange, kMostBody);
    if (!body) co_return refusal(dialect::Protocol::whoasr, exchange, body.error());
    const auto type = dialect::parse_whoasr_load(*body);
    if (!type) co_return error_response(dialect::Protocol::whoasr, type.error(), exchange.id());
    co_return co_await change_whoasr(services, exchange, *type, "load");
}

asio::awaitable<Response> handle_whoasr_unload(Services& services, Exchange& exchange,
                                               std::string_view name) {
    const auto type = dialect::parse_whoasr_type(name);
    if (!type) co_return error_response(dialect::Protocol::whoasr, type.error(), exchange.id());
    co_return co_await change_whoasr(services, exchange, *type, "unload");
}

}  // namespace tutti::gateway
