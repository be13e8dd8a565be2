// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers.h"

#include "base/log.h"
#include "dialect/deepgram_json.h"
#include "dialect/detail_body.h"
#include "dialect/openai_body.h"
#include "dispatch/whole_call.h"
#include "gateway/file_job.h"
#include "policy/speakers.h"
#include "policy/written_words.h"

#include <fmt/format.h>

namespace tutti::gateway {
namespace {

constexpr const char* kRetryAfterSeconds = "2";
// For the text of a file, once an engine has it.
constexpr auto kPunctuationLimit = std::chrono::minutes(1);

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

Standing standing_of(const Services& services, const config::Model* model) {
    if (!model) return {{}, proto::ModelState::unloaded};
    return {model->id, services.engines.state_of(model->id)};
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

dialect::Parsed<const config::Model*> need_speaker_model(const Services& services,
                                                         std::string_view param,
                                                         std::string_view value) {
    const auto* model = config::first_of(services.config, models::Kind::diarization);
    if (!model)
        return dialect::bad_value(param, value,
                                  "no model that tells speakers is served here; an operator can: "
                                  "tutti models pull diarization, and add it to --models");
    if (auto refusal = services.engines.refusal(model->id)) return as_request_error(*refusal);
    return model;
}

asio::awaitable<bool> add_marks(Services& services, const config::Model& recogniser,
                                std::vector<proto::Utterance>& utterances) {
    if (recogniser.punctuates) co_return true;
    const auto language =
        recogniser.languages.empty() ? std::string() : recogniser.languages.front();
    const auto* model = config::first_of(services.config, models::Kind::punctuation, language);
    proto::Transcript all;
    all.utterances = utterances;
    auto text = all.text();
    if (!model || text.empty()) co_return false;
    const auto limit = services.config.engine_wait + kPunctuationLimit;
    auto id = model->id;
    const auto marked =
        co_await dispatch::punctuate(services.engines, std::move(id), std::move(text), limit);
    if (marked && policy::take_marks(utterances, *marked)) co_return true;
    if (marked || marked.error().errc() != Errc::canceled)
        log::warn("model={} did not punctuate: {}", model->id,
                  marked ? "it changed the words" : marked.error().message());
    co_return false;
}

asio::awaitable<Result<proto::Transcript>> recognise(Services& services, Exchange& exchange,
                                                     int file, const config::Model& model,
                                                     FileWishes wishes) {
    FileExtras extras{.text = std::string(wishes.text),
                      .hotwords = std::move(wishes.hotwords),
                      .speaker_model = wishes.speaker_model ? wishes.speaker_model->id : "",
                      .needs_speakers = wishes.needs_speakers};
    FileJob job(services, exchange, file, model, std::move(extras));
    auto transcript = co_await job.collect();
    co_await job.finish();
    if (!transcript) co_return transcript;
    if (wishes.marks)
        transcript->is_punctuated = co_await add_marks(services, model, transcript->utterances);
    policy::show_words(transcript->utterances);
    policy::assign_speakers(*transcript);
    co_return transcript;
}

}  // namespace tutti::gateway
