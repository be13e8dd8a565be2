// SPDX-License-Identifier: Apache-2.0
#include "gateway/live_upgrade.h"

#include "base/ids.h"
#include "base/log.h"
#include "dialect/deepgram_live.h"
#include "dialect/whoasr_live.h"
#include "dialect/whoasr_vad.h"
#include "gateway/handlers.h"
#include "gateway/live_session.h"
#include "policy/resume_token.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tutti::gateway {
namespace {

constexpr auto use_result = asio::as_tuple(asio::use_awaitable);
constexpr auto kHandshakeLimit = std::chrono::seconds(5);

struct Admitted {
    std::unique_ptr<dialect::LiveDialect> dialect;
    const config::Model* model;
    std::string subprotocol = {};
    policy::ResumeClaims claims = {};  // no stream_id = not told to the client
    bool can_resume = false;
};

constexpr std::string_view kTenant = "default";

policy::ResumeTerms terms_of(const Services& services, std::string_view options) {
    return {.key = services.resume_key,
            .tenant = kTenant,
            .options = options,
            .now = std::chrono::system_clock::now(),
            .lifetime = policy::resume_lifetime(services.config.resume_window)};
}

// The stream that the client takes up again, or a new one of which the model is not chosen yet.
dialect::Parsed<policy::ResumeClaims> claims_of(Services& services, Exchange& exchange,
                                                std::string_view options) {
    const auto digest = policy::digest_of_options(options);
    const auto token = dialect::find_resume_token(exchange.request());
    if (!token)
        return policy::ResumeClaims{
            .stream_id = random_uuid(), .tenant = std::string(kTenant), .options = digest};
    auto claims = services.config.resume_window.count() > 0
                      ? policy::accept_resume_token(*token, terms_of(services, digest))
                      : Error(Errc::forbidden, "live streams cannot be resumed on this server");
    if (claims) return std::move(*claims);
    services.slot.add(runtime::Metric::live_resumes_refused);
    log::debug("request={} refused: {}", exchange.id(), claims.error().message());
    return as_request_error(claims.error());
}

dialect::Parsed<Admitted> admit_deepgram(Services& services, Exchange& exchange) {
    auto request = dialect::parse_deepgram_live(exchange.request().query);
    if (!request) return request.error();
    auto claims = claims_of(services, exchange, request->options);
    if (!claims) return claims.error();
    // A stream stays with its model, whatever the default has become.
    const auto& name = claims->model.empty() ? request->live.model : claims->model;
    const auto model = choose_model(services.config, name, request->live.language);
    if (!model) return model.error();
    claims->model = (*model)->id;
    Admitted admitted{
        .model = *model,
        .subprotocol = std::string(dialect::deepgram_subprotocol(exchange.request())),
        .can_resume = request->live.format && services.config.resume_window.count() > 0};
    admitted.dialect = std::make_unique<dialect::DeepgramLive>(
        std::move(*request),
        dialect::DeepgramSession{exchange.id(), (*model)->id, std::chrono::system_clock::now(),
                                 claims->stream_id, claims->told_up_to});
    admitted.claims = std::move(*claims);
    return admitted;
}

dialect::Parsed<Admitted> admit_whoasr(Services& services) {
    const auto model = choose_model(services.config, {}, {});
    if (!model) return model.error();
    return Admitted{.dialect = std::make_unique<dialect::WhoasrLive>(), .model = *model};
}

dialect::Parsed<Admitted> admit_vad(Services& services) {
    const auto* model = config::first_of(services.config, models::Kind::vad);
    if (!model || !services.engines.can_serve(model->id)) {
        const auto [id, state] = standing_of(services, model);
        return dialect::whoasr_vad_not_loaded(id, state);
    }
    return Admitted{.dialect = std::make_unique<dialect::WhoasrVadLive>(), .model = model};
}

dialect::Parsed<Admitted> admit_route(Services& services, Exchange& exchange, Route route) {
    if (route == Route::deepgram_listen_live) return admit_deepgram(services, exchange);
    if (route == Route::whoasr_vad_live) return admit_vad(services);
    return admit_whoasr(services);
}

dialect::Parsed<Admitted> admit(Services& services, Exchange& exchange,
                                const beast::flat_buffer& buffer, const Match& match) {
    if (exchange.target_error()) return as_request_error(*exchange.target_error());
    if (buffer.size() > 0)
        return as_request_error(
            Error(Errc::bad_request, "frames were sent before the handshake was answered"));
    // A gateway that closes serves whom it had accepted before; the stream is told to come again in
    // its turn, which a client expects more than a refusal.
    auto admitted = admit_route(services, exchange, match.route);
    if (!admitted) return admitted;
    const auto& model = admitted->model->id;
    if (auto refusal = services.engines.refusal(model)) return as_request_error(*refusal);
    if (services.engines.is_full(model))
        return as_request_error(Error(Errc::busy, "no room for another live stream right now"));
    if (services.engines.waiting(model) >= services.config.max_waiting)
        return as_request_error(Error(Errc::busy, "too many wait for this model right now"));
    return admitted;
}

void set_headers(const Services& services, const Exchange& exchange, const Admitted& admitted,
                 websocket::response_type& response) {
    response.set(http::field::server, "tutti");
    response.set("dg-request-id", exchange.id());
    response.set("X-Request-Id", exchange.id());
    if (!admitted.subprotocol.empty())
        response.set(http::field::sec_websocket_protocol, admitted.subprotocol);
    if (!admitted.claims.stream_id.empty())
        response.set("Tutti-Stream-Id", admitted.claims.stream_id);
    if (admitted.can_resume)
        response.set(dialect::kResumeHeader,
                     policy::sign_resume_token(admitted.claims, std::chrono::system_clock::now(),
                                               services.resume_key));
}

}  // namespace

asio::awaitable<bool> upgrade_to_live(Services& services, Exchange& exchange,
                                      Exchange::Parser& parser, beast::flat_buffer& buffer,
                                      const Match& match) {
    auto admitted = admit(services, exchange, buffer, match);
    if (!admitted) {
        auto response = error_response(match.protocol, admitted.error(), exchange.id());
        if (match.route == Route::whoasr_vad_live &&
            admitted.error().error.errc() == Errc::unavailable)
            response.status = dialect::kWhoasrVadRefused;
        co_await exchange.respond(std::move(response));
        co_return false;
    }
    LiveSession::Socket socket(std::move(exchange.stream()));
    beast::get_lowest_layer(socket).expires_never();
    // Idle peers are the session's to find; a closing handshake has the limit given here.
    socket.set_option(
        websocket::stream_base::timeout{kHandshakeLimit, websocket::stream_base::none(), false});
    socket.set_option(websocket::stream_base::decorator(
        [&services, &exchange, &admitted](websocket::response_type& response) {
            set_headers(services, exchange, *admitted, response);
        }));
    socket.read_message_max(services.config.max_frame_bytes);
    socket.auto_fragment(false);
    const auto request = parser.release();
    if (const auto [error] = co_await socket.async_accept(request, use_result); error) {
        log::debug("request={} handshake: {}", exchange.id(), error.message());
        co_return true;
    }
    if (admitted->claims.issued > 0) {
        services.slot.add(runtime::Metric::live_resumes);
        log::info("session={} resumes stream={} at segment {}", exchange.id(),
                  admitted->claims.stream_id, admitted->claims.segment);
    }
    LiveSession session(services, std::move(socket),
                        {.dialect = std::move(admitted->dialect),
                         .model = *admitted->model,
                         .id = exchange.id(),
                         .claims = std::move(admitted->claims)});
    co_await session.run();
    co_return true;
}

}  // namespace tutti::gateway
