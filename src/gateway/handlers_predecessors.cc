// SPDX-License-Identifier: Apache-2.0
// The routes of the two services this one succeeds: whoAsr and kn_demo.
#include "base/ids.h"
#include "base/log.h"
#include "dialect/hotwords.h"
#include "dialect/kn_demo.h"
#include "dialect/whoasr_http.h"
#include "dialect/whoasr_punctuation.h"
#include "dialect/whoasr_timestamp.h"
#include "dialect/whoasr_vad.h"
#include "dispatch/whole_call.h"
#include "gateway/handlers.h"
#include "gateway/upload.h"
#include "policy/written_words.h"

namespace tutti::gateway {
namespace {

constexpr std::size_t kMaxPunctuationBody = 1 << 20;

}  // namespace

asio::awaitable<Response> handle_whoasr_recognize(Services& services, Exchange& exchange) {
    const auto refusal = [&](const dialect::RequestError& error) {
        return error_response(dialect::Protocol::whoasr, error, exchange.id());
    };
    const FormParts parts{.file = "file"};
    auto upload = co_await receive_form(exchange, services, parts);
    if (!upload) co_return refusal(as_request_error(upload.error()));
    if (const auto fault = dialect::check_whoasr_form(upload->form, upload->filename))
        co_return refusal(*fault);
    auto hotwords = dialect::whoasr_hotwords(upload->form);
    if (!hotwords) co_return refusal(hotwords.error());
    const auto model = choose_model(services.config, {}, {});
    FileWishes wishes{
        .hotwords = std::move(*hotwords),
        .marks = true,
        .speaker_model = config::first_of(services.config, models::Kind::diarization)};
    const auto transcript =
        co_await recognise(services, exchange, upload->file->fd(), **model, std::move(wishes));
    if (!transcript) {
        auto response = error_response(dialect::Protocol::whoasr,
                                       as_request_error(transcript.error()), exchange.id());
        response.body = dialect::whoasr_failure_body(transcript.error());
        co_return response;
    }
    const auto sentences = transcript->is_punctuated
                               ? policy::split_sentences(transcript->utterances)
                               : transcript->utterances;
    const dialect::WhoasrUpload described{
        .key = random_uuid(), .filename = *upload->filename, .size = upload->file->size()};
    co_return Response{.body = dialect::whoasr_body(*transcript, sentences, described)};
}

const config::Model* find_aligner(const Services& services) {
    for (const auto& id : services.config.models)
        if (services.engines.aligns(id)) return config::find_model(services.config, id);
    return config::first_of(services.config, models::Kind::alignment);
}

asio::awaitable<Response> handle_whoasr_timestamp(Services& services, Exchange& exchange) {
    const auto refusal = [&](const dialect::RequestError& error) {
        return error_response(dialect::Protocol::whoasr, error, exchange.id());
    };
    const FormParts parts{
        .file = "audio_file", .text = "text_file", .field_limit = dialect::kMaxWhoasrText};
    auto upload = co_await receive_form(exchange, services, parts);
    if (!upload) co_return refusal(as_request_error(upload.error()));
    auto text = dialect::parse_whoasr_timestamp(upload->form, upload->filename);
    if (!text) co_return refusal(text.error());
    const auto* model = find_aligner(services);
    if (!model || !services.engines.can_serve(model->id)) {
        const auto [id, state] = standing_of(services, model);
        co_return refusal(dialect::whoasr_timestamp_not_loaded(id, state));
    }
    FileWishes wishes{.text = *text};
    const auto transcript =
        co_await recognise(services, exchange, upload->file->fd(), *model, std::move(wishes));
    if (!transcript) {
        auto response = refusal(as_request_error(transcript.error()));
        response.body = dialect::whoasr_timestamp_failure_body(transcript.error());
        co_return response;
    }
    co_return Response{.body = dialect::whoasr_timestamp_body(*transcript)};
}

asio::awaitable<Response> handle_whoasr_vad(Services& services, Exchange& exchange) {
    const auto refusal = [&](const dialect::RequestError& error) {
        return error_response(dialect::Protocol::whoasr, error, exchange.id());
    };
    const FormParts parts{.file = "file"};
    auto upload = co_await receive_form(exchange, services, parts);
    if (!upload) co_return refusal(as_request_error(upload.error()));
    if (const auto fault = dialect::check_whoasr_audio("file", upload->filename))
        co_return refusal(*fault);
    const auto* model = config::first_of(services.config, models::Kind::vad);
    if (!model || !services.engines.can_serve(model->id)) {
        const auto [id, state] = standing_of(services, model);
        co_return refusal(dialect::whoasr_vad_not_loaded(id, state));
    }
    FileWishes none;
    const auto speech =
        co_await recognise(services, exchange, upload->file->fd(), *model, std::move(none));
    if (!speech) {
        auto response = refusal(as_request_error(speech.error()));
        response.body = dialect::whoasr_vad_failure_body(speech.error());
        co_return response;
    }
    co_return Response{
        .body = dialect::whoasr_vad_body(
            *speech, {.key = {}, .filename = *upload->filename, .size = upload->file->size()})};
}

asio::awaitable<Response> handle_whoasr_punctuation(Services& services, Exchange& exchange) {
    const auto refusal = [&](const dialect::RequestError& error) {
        return error_response(dialect::Protocol::whoasr, error, exchange.id());
    };
    const auto body = co_await read_text(exchange, kMaxPunctuationBody);
    if (!body) co_return refusal(as_request_error(body.error()));
    const auto text = dialect::parse_whoasr_punctuation(*body);
    if (!text) co_return refusal(text.error());
    auto answer = dialect::whoasr_punctuation_body(*text, *text);
    if (const auto* model = config::first_of(services.config, models::Kind::punctuation)) {
        auto id = model->id;
        auto original = *text;
        const auto marked = co_await dispatch::punctuate(
            services.engines, std::move(id), std::move(original), services.config.engine_wait);
        if (marked)
            answer = dialect::whoasr_punctuation_body(*text, *marked);
        else
            log::warn("model={} did not punctuate: {}", model->id, marked.error().message());
    }
    co_return Response{.body = std::move(answer)};
}

asio::awaitable<Response> handle_kn_demo_upload(Services& services, Exchange& exchange) {
    const auto refusal = [&](const dialect::RequestError& error) {
        return error_response(dialect::Protocol::kn_demo, error, exchange.id());
    };
    const FormParts parts{.file = "file"};
    auto upload = co_await receive_form(exchange, services, parts);
    if (!upload) co_return refusal(as_request_error(upload.error()));
    if (!upload->file) co_return refusal(dialect::kn_demo_missing_file());
    const auto model = choose_model(services.config, {}, {});
    FileWishes none;
    const auto transcript =
        co_await recognise(services, exchange, upload->file->fd(), **model, std::move(none));
    if (!transcript) co_return refusal(as_request_error(transcript.error()));
    co_return Response{.body = dialect::kn_demo_body(*transcript)};
}

}  // namespace tutti::gateway
