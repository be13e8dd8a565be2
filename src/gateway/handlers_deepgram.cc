// SPDX-License-Identifier: Apache-2.0
#include "dialect/deepgram_request.h"
#include "dialect/deepgram_rest.h"
#include "gateway/handlers.h"
#include "gateway/upload.h"

namespace tutti::gateway {
namespace {

// A JSON body is short; more is not read.
constexpr std::size_t kMaxJsonBody = 64 * 1024;

asio::awaitable<Result<std::string>> read_json_body(Exchange& exchange) {
    std::string body;
    while (body.size() <= kMaxJsonBody) {
        const auto piece = co_await exchange.read_body();
        if (!piece) co_return piece.error();
        if (piece->empty() && exchange.is_body_read()) co_return body;
        body += *piece;
    }
    co_return Error(Errc::too_large, "the JSON body is too long");
}

}  // namespace

asio::awaitable<Response> handle_deepgram_file(Services& services, Exchange& exchange) {
    const auto refusal = [&](const dialect::RequestError& error) {
        return error_response(dialect::Protocol::deepgram, error, exchange.id());
    };
    const auto created = std::chrono::system_clock::now();
    const auto request = dialect::parse_deepgram_file(exchange.request().query);
    if (!request) co_return refusal(request.error());
    const auto model = choose_model(services.config, request->live.model, request->live.language);
    if (!model) co_return refusal(model.error());
    if (dialect::announces_deepgram_url(exchange.header("content-type"))) {
        const auto body = co_await read_json_body(exchange);
        if (!body) co_return refusal(as_request_error(body.error()));
        co_return refusal(dialect::refuse_deepgram_url(*body));
    }
    std::string prefix;
    if (request->live.format) prefix = dialect::wav_header_for(*request->live.format);
    auto upload = co_await receive_raw(exchange, services, prefix);
    if (!upload) co_return refusal(as_request_error(upload.error()));
    if (upload->received == 0)
        co_return refusal(as_request_error(Error(Errc::undecodable_audio, "the body is empty")));
    auto hotwords = request->live.hotwords;
    const auto transcript =
        co_await recognise(services, exchange, upload->file.fd(), **model, {}, std::move(hotwords));
    if (!transcript) co_return refusal(as_request_error(transcript.error()));
    co_return Response{
        .body = dialect::deepgram_body(
            *transcript, *request,
            {.request_id = exchange.id(), .sha256_hex = upload->sha256_hex, .created = created}),
        .headers = {{"dg-request-id", exchange.id()}}};
}

}  // namespace tutti::gateway
