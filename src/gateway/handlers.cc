// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers.h"

#include "base/log.h"
#include "dialect/deepgram_json.h"
#include "dialect/detail_body.h"
#include "dialect/openai_body.h"
#include "gateway/file_job.h"

#include <fmt/format.h>

namespace tutti::gateway {
namespace {

constexpr const char* kRetryAfterSeconds = "2";

// Header values of ours must stay on one line.
std::string one_line(std::string_view text) {
    return log::printable(text, 200);
}

std::vector<std::string_view> ids_of(const config::Config& config) {
    std::vector<std::string_view> ids;
    for (const auto* model : config::speech_models(config)) ids.push_back(model->id);
    return ids;
}

}  // namespace

dialect::Parsed<const config::Model*> choose_model(const config::Config& config,
                                                   std::string_view name,
                                                   std::string_view language) {
    const auto* model = config::resolve_model(config, name, language);
    if (!model)
        return dialect::RequestError{
            Error(Errc::unknown_model,
                  fmt::format("there is no model '{}' here; there are: {}",
                              log::printable(name, 60), fmt::join(ids_of(config), ", "))),
            "model", std::string(name)};
    if (!config::knows_language(*model, language))
        return dialect::RequestError{
            Error(Errc::unknown_language,
                  fmt::format("the model '{}' does not know the language '{}' (it knows: {})",
                              model->id, log::printable(language, 40),
                              fmt::join(model->languages, ", "))),
            "language", std::string(language)};
    return model;
}

Response error_response(dialect::Protocol protocol, const dialect::RequestError& error,
                        std::string_view request_id) {
    const Errc cause = error.error.errc();
    if (cause == Errc::internal || cause == Errc::io)
        log::error("request={} {}", request_id, error.error.message());
    Response response{.status = dialect::http_status_of(cause, protocol)};
    if (dialect::is_retryable(cause))
        response.headers.emplace_back("Retry-After", kRetryAfterSeconds);
    if (protocol == dialect::Protocol::openai) {
        response.body = dialect::openai_error_body(error);
    } else if (protocol == dialect::Protocol::deepgram) {
        response.body = dialect::deepgram_error_body(error, request_id);
        response.headers.emplace_back("dg-request-id", request_id);
        response.headers.emplace_back("dg-error", one_line(error.error.message()));
    } else {
        response.body = dialect::detail_body(error);
    }
    return response;
}

asio::awaitable<Result<proto::Transcript>> recognise(Services& services, Exchange& exchange,
                                                     int file, const config::Model& model,
                                                     std::string_view text,
                                                     std::vector<std::string> hotwords) {
    FileJob job(services, exchange, file, model, std::string(text), std::move(hotwords));
    auto transcript = co_await job.collect();
    co_await job.finish();
    co_return transcript;
}

}  // namespace tutti::gateway
