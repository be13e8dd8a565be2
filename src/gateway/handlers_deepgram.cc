// SPDX-License-Identifier: Apache-2.0
#include "dialect/deepgram_request.h"
#include "dialect/deepgram_rest.h"
#include "gateway/handlers.h"
#include "gateway/upload.h"
#include "policy/written_words.h"

namespace tutti::gateway {
namespace {

// A JSON body is short; more is not read.
constexpr std::size_t kMaxJsonBody = 64 * 1024;

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
    FileWishes wishes{.hotwords = request->live.hotwords, .marks = request->formats_words};
    if (request->wants_speakers) {
        const auto teller = need_speaker_model(services, "diarize", "true");
        if (!teller) co_return refusal(teller.error());
        wishes.speaker_model = *teller;
        wishes.needs_speakers = true;
    }
    if (dialect::announces_deepgram_url(exchange.header("content-type"))) {
        const auto body = co_await read_text(exchange, kMaxJsonBody);
        if (!body) co_return refusal(as_request_error(body.error()));
        co_return refusal(dialect::refuse_deepgram_url(*body));
    }
    std::string prefix;
    if (request->live.format) prefix = dialect::wav_header_for(*request->live.format);
    auto upload = co_await receive_raw(exchange, services, prefix);
    if (!upload) co_return refusal(as_request_error(upload.error()));
    if (upload->received == 0)
        co_return refusal(as_request_error(Error(Errc::undecodable_audio, "the body is empty")));
    auto transcript =
        co_await recognise(services, exchange, upload->file.fd(), **model, std::move(wishes));
    if (!transcript) co_return refusal(as_request_error(transcript.error()));
    if (request->wants_speakers)
        transcript->utterances = policy::split_speakers(transcript->utterances);
    co_return Response{
        .body = dialect::deepgram_body(
            *transcript, *request,
            {.request_id = exchange.id(), .sha256_hex = upload->sha256_hex, .created = created}),
        .headers = {{"dg-request-id", exchange.id()}}};
}

}  // namespace tutti::gateway
