// SPDX-License-Identifier: Apache-2.0
#include "gateway/connection.h"

#include "base/log.h"
#include "gateway/handlers.h"
#include "gateway/live_upgrade.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/websocket/rfc6455.hpp>

namespace tutti::gateway {
namespace {

constexpr auto use_result = asio::as_tuple(asio::use_awaitable);
constexpr std::uint32_t kHeaderLimit = 16 * 1024;

// What is asked by those who decide about this server is answered however much there is to do, and
// does not count.
bool is_exempt(Route route) {
    return route == Route::livez || route == Route::readyz || route == Route::health ||
           route == Route::metrics;
}

class Connection {
  public:
    Connection(Services& services, asio::ip::tcp::socket socket, Admission::Place place)
        : services_(services), stream_(std::move(socket)), place_(std::move(place)) {}

    asio::awaitable<void> run() {
        beast::error_code ignored;
        stream_.socket().set_option(asio::ip::tcp::no_delay(true), ignored);
        while (co_await serve_one()) {
        }
    }

  private:
    asio::awaitable<bool> serve_one();
    asio::awaitable<beast::error_code> wait_for_request();
    asio::awaitable<beast::error_code> read_head(Exchange::Parser& parser);
    asio::awaitable<void> refuse_head(Exchange::Parser& parser, beast::error_code error);
    asio::awaitable<bool> serve(Exchange& exchange, Exchange::Parser& parser, const Match& match);
    asio::awaitable<void> answer(Exchange& exchange, const Match& match);
    asio::awaitable<void> refuse_request(Exchange& exchange, const Match& match);
    asio::awaitable<std::optional<Response>> make_response(Exchange& exchange, const Match& match);

    Services& services_;
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    Admission::Place place_;
};

// The first bytes of a request; end_of_stream when none came.
asio::awaitable<beast::error_code> Connection::wait_for_request() {
    const auto kind = place_.is_handshaking() ? Resting::Kind::fresh : Resting::Kind::kept;
    const Resting::Rest rest(services_.resting, stream_, kind);
    const auto [error, n] = co_await stream_.async_read_some(buffer_.prepare(4096), use_result);
    if (error) co_return http::error::end_of_stream;
    buffer_.commit(n);
    co_return error;
}

// The whole head has one deadline, however slowly its bytes drip.
asio::awaitable<beast::error_code> Connection::read_head(Exchange::Parser& parser) {
    if (buffer_.size() == 0) {
        const auto error = co_await wait_for_request();
        if (error) co_return error;
    }
    ReadDeadline deadline(stream_);
    deadline.start(services_.config.request_timeout);
    const auto [error, n] = co_await http::async_read_header(stream_, buffer_, parser, use_result);
    if (deadline.stop()) co_return beast::error::timeout;
    co_return error;
}

asio::awaitable<bool> Connection::serve_one() {
    Exchange::Parser parser;
    parser.header_limit(kHeaderLimit);
    parser.body_limit(services_.config.max_upload_bytes);
    if (const auto error = co_await read_head(parser)) {
        co_await refuse_head(parser, error);
        co_return false;
    }
    place_.end_handshake();
    const bool is_upgrade = beast::websocket::is_upgrade(parser.get());
    Exchange exchange(stream_, buffer_, parser, services_.config, services_.is_draining);
    const auto match = match_route(exchange.method(), exchange.path(), is_upgrade);
    const bool has_become_live = co_await serve(exchange, parser, match);
    if (has_become_live) co_return false;
    services_.slot.add(runtime::Metric::http_requests);
    if (exchange.status() >= 400) services_.slot.add(runtime::Metric::http_errors);
    if (!exchange.is_body_read()) co_await exchange.linger();
    co_return exchange.keeps_alive() && exchange.is_body_read();
}

// True when the connection became a WebSocket, and that has ended.
asio::awaitable<bool> Connection::serve(Exchange& exchange, Exchange::Parser& parser,
                                        const Match& match) {
    if (is_exempt(match.route)) {
        co_await answer(exchange, match);
        co_return false;
    }
    if (!services_.admission.takes_request()) {
        co_await refuse_request(exchange, match);
        co_return false;
    }
    if (match.route == Route::deepgram_listen_live || match.route == Route::whoasr_live ||
        match.route == Route::whoasr_vad_live)
        co_return co_await upgrade_to_live(services_, exchange, parser, buffer_, match);
    const Admission::RequestHold hold(services_.admission);
    co_await answer(exchange, match);
    co_return false;
}

asio::awaitable<void> Connection::refuse_request(Exchange& exchange, const Match& match) {
    services_.admission.count_refusal();
    const auto error = as_request_error(Error(Errc::busy, "too many requests at once"));
    auto response = error_response(match.protocol, error, exchange.id());
    co_await exchange.respond(std::move(response));
}

// What cannot be read as a request has no protocol, so these answers are plain text.
asio::awaitable<void> Connection::refuse_head(Exchange::Parser& parser, beast::error_code error) {
    if (error == http::error::end_of_stream ||
        error.category() == asio::error::get_system_category())
        co_return;
    services_.slot.add(runtime::Metric::http_requests);
    services_.slot.add(runtime::Metric::http_errors);
    unsigned status = 400;
    std::string text = "the request is not well-formed HTTP\n";
    if (error == http::error::header_limit) {
        status = 431;
        text = "the request's head is too large\n";
    } else if (error == http::error::body_limit) {
        status = 413;
        text = "the upload is larger than this server takes\n";
    } else if (error == beast::error::timeout) {
        status = 408;
        text = "the request's head did not arrive in time\n";
    }
    http::response<http::string_body> response(static_cast<http::status>(status), 11);
    response.set(http::field::content_type, "text/plain; charset=utf-8");
    response.keep_alive(false);
    response.body() = std::move(text);
    response.prepare_payload();
    stream_.expires_after(std::chrono::seconds(5));
    co_await http::async_write(stream_, response, use_result);
    Exchange exchange(stream_, buffer_, parser, services_.config, services_.is_draining);
    co_await exchange.linger();
}

asio::awaitable<void> Connection::answer(Exchange& exchange, const Match& match) {
    auto response = co_await make_response(exchange, match);
    if (response) co_await exchange.respond(std::move(*response));
}

// nullopt when the handler has written its answer itself.
asio::awaitable<std::optional<Response>> Connection::make_response(Exchange& exchange,
                                                                   const Match& match) {
    const auto refusal = [&](Errc cause, std::string why) {
        return error_response(match.protocol, as_request_error(Error(cause, std::move(why))),
                              exchange.id());
    };
    if (exchange.target_error())
        co_return refusal(Errc::bad_request, exchange.target_error()->message());
    switch (match.route) {
        case Route::site:
            co_return site_response(services_, exchange);
        case Route::health:
            co_return health_response(services_);
        case Route::livez:
            co_return livez_response();
        case Route::readyz:
            co_return readyz_response(services_);
        case Route::metrics:
            co_return metrics_response(services_);
        case Route::openai_transcriptions:
            co_return co_await handle_openai_transcription(services_, exchange);
        case Route::openai_models:
            co_return openai_models_response(services_);
        case Route::openai_model:
            co_return openai_model_response(services_, exchange, match.tail);
        case Route::deepgram_listen_file:
            co_return co_await handle_deepgram_file(services_, exchange);
        case Route::whoasr_recognize:
            co_return co_await handle_whoasr_recognize(services_, exchange);
        case Route::whoasr_vad:
            co_return co_await handle_whoasr_vad(services_, exchange);
        case Route::whoasr_punctuation:
            co_return co_await handle_whoasr_punctuation(services_, exchange);
        case Route::whoasr_timestamp:
            co_return co_await handle_whoasr_timestamp(services_, exchange);
        case Route::whoasr_model_load:
            co_return co_await handle_whoasr_load(services_, exchange);
        case Route::whoasr_model_unload:
            co_return co_await handle_whoasr_unload(services_, exchange, match.tail);
        case Route::whoasr_model_info:
            co_return whoasr_info_response(services_);
        case Route::whoasr_model_config:
            co_return whoasr_config_response(services_, exchange, match.tail);
        case Route::admin_models:
        case Route::admin_model:
            co_return co_await handle_admin_models(services_, exchange, match.tail);
        case Route::admin_change:
            co_return co_await handle_admin_change(services_, exchange, match.tail);
        case Route::kn_demo_upload:
            co_return co_await handle_kn_demo_upload(services_, exchange);
        case Route::preflight:
            co_return preflight_response(exchange, match.allow);
        case Route::wrong_method: {
            auto response = refusal(Errc::wrong_method, "Method Not Allowed");
            response.headers.emplace_back("Allow", match.allow);
            co_return response;
        }
        case Route::deepgram_listen_live:
        case Route::whoasr_live:
        case Route::whoasr_vad_live:
        case Route::not_found:
            break;
    }
    co_return refusal(Errc::not_found, "Not Found");
}

}  // namespace

asio::awaitable<void> serve_connection(Services& services, asio::ip::tcp::socket socket,
                                       Admission::Place place) {
    Connection connection(services, std::move(socket), std::move(place));
    co_await connection.run();
}

}  // namespace tutti::gateway
