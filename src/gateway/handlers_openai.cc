// SPDX-License-Identifier: Apache-2.0
#include "dialect/openai_body.h"
#include "dialect/openai_request.h"
#include "gateway/file_job.h"
#include "gateway/handlers.h"
#include "gateway/upload.h"
#include "policy/speakers.h"
#include "policy/written_words.h"

namespace tutti::gateway {
namespace {

constexpr auto kProtocol = dialect::Protocol::openai;
constexpr std::string_view kEventStream = "text/event-stream; charset=utf-8";

dialect::ModelCard card_of(const Services& services, const config::Model& model) {
    return {.id = model.id,
            .created = 0,
            .owned_by = "tutti",
            .kind = std::string(models::name_of(model.kind)),
            .state = std::string(name_of(services.engines.state_of(model.id))),
            .languages = model.languages,
            .aliases = model.aliases};
}

void split_if_diarized(proto::Transcript& transcript, const dialect::OpenAiRequest& request) {
    if (request.format != dialect::OpenAiFormat::diarized_json) return;
    policy::assign_speakers(transcript);
    transcript.utterances = policy::split_speakers(transcript.utterances);
}

// The answer begins with the first event, so that a file which cannot be read still gets an error
// status; later failures are events.
asio::awaitable<std::optional<Response>> stream_events(Services& services, Exchange& exchange,
                                                       FileJob& job, const config::Model& model,
                                                       const dialect::OpenAiRequest& request) {
    dialect::OpenAiStream events;
    std::vector<proto::Utterance> utterances;
    auto event = co_await job.next();
    if (!event) co_return error_response(kProtocol, as_request_error(event.error()), exchange.id());
    co_await exchange.begin_stream(kEventStream);
    bool goes_on = true, has_marks = true;
    while (event && goes_on) {
        std::string text;
        if (const auto* segment = std::get_if<proto::Segment>(&*event)) {
            std::vector<proto::Utterance> one = {segment->utterance};
            // A model that does not answer would hold up every segment anew.
            if (has_marks && !one[0].text.empty())
                has_marks = co_await add_marks(services, model, one);
            text = events.on_utterance(one[0]);
            utterances.push_back(std::move(one[0]));
        } else if (const auto* progress = std::get_if<proto::Progress>(&*event)) {
            if (request.wants_progress) text = events.on_progress(*progress);
        } else {
            auto transcript = job.transcript();
            transcript.utterances = std::exchange(utterances, {});
            split_if_diarized(transcript, request);
            text = events.finish(transcript, request);
            goes_on = false;
        }
        if (!co_await exchange.write_stream(std::move(text))) co_return std::nullopt;
        if (goes_on) event = co_await job.next();
    }
    if (!event) {
        auto text = events.fail(as_request_error(event.error()));
        if (!co_await exchange.write_stream(std::move(text))) co_return std::nullopt;
    }
    co_await exchange.end_stream();
    co_return std::nullopt;
}

}  // namespace

asio::awaitable<std::optional<Response>> handle_openai_transcription(Services& services,
                                                                     Exchange& exchange) {
    const auto refusal = [&](const dialect::RequestError& error) {
        return error_response(kProtocol, error, exchange.id());
    };
    const FormParts parts{.file = "file"};
    auto upload = co_await receive_form(exchange, services, parts);
    if (!upload) co_return refusal(as_request_error(upload.error()));
    const auto request = dialect::parse_openai_transcription(
        upload->form, upload->file ? dialect::FilePart::present : dialect::FilePart::missing);
    if (!request) co_return refusal(request.error());
    const auto model = choose_model(services.config, request->model, request->language);
    if (!model) co_return refusal(model.error());
    FileWishes wishes{.marks = true};
    if (request->format == dialect::OpenAiFormat::diarized_json) {
        const auto teller = need_speaker_model(services, "response_format", "diarized_json");
        if (!teller) co_return refusal(teller.error());
        wishes.speaker_model = *teller;
        wishes.needs_speakers = true;
    }
    if (request->wants_stream) {
        FileExtras extras{.hotwords = request->hotwords,
                          .speaker_model = wishes.speaker_model ? wishes.speaker_model->id : "",
                          .needs_speakers = wishes.needs_speakers};
        FileJob job(services, exchange, upload->file->fd(), **model, std::move(extras));
        auto answer = co_await stream_events(services, exchange, job, **model, *request);
        co_await job.finish();
        co_return answer;
    }
    wishes.hotwords = request->hotwords;
    auto transcript =
        co_await recognise(services, exchange, upload->file->fd(), **model, std::move(wishes));
    if (!transcript) co_return refusal(as_request_error(transcript.error()));
    split_if_diarized(*transcript, *request);
    auto body = dialect::openai_body(*transcript, *request);
    co_return Response{.content_type = std::string(body.content_type),
                       .body = std::move(body.text)};
}

Response openai_models_response(const Services& services) {
    std::vector<dialect::ModelCard> cards;
    for (const auto& id : services.config.models)
        cards.push_back(card_of(services, *config::find_model(services.config, id)));
    return {.body = dialect::openai_models_body(cards)};
}

Response openai_model_response(const Services& services, const Exchange& exchange,
                               std::string_view id) {
    const auto& served = services.config.models;
    if (std::ranges::count(served, id) > 0)
        return {.body = dialect::openai_model_body(
                    card_of(services, *config::find_model(services.config, id)))};
    const auto model = choose_model(services.config, id, {});
    if (!model) return error_response(kProtocol, model.error(), exchange.id());
    return {.body = dialect::openai_model_body(card_of(services, **model))};
}

}  // namespace tutti::gateway
