// SPDX-License-Identifier: Apache-2.0
#include "gateway/exchange.h"

#include "base/ids.h"
#include "dialect/header_value.h"
#include "runtime/readable.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace tutti::gateway {
namespace {

constexpr std::size_t kPiece = 128 * 1024;
constexpr auto kLingerTime = std::chrono::seconds(2);
constexpr std::size_t kLingerBytes = 1 << 20;
constexpr auto use_result = asio::as_tuple(asio::use_awaitable);

std::string_view view(beast::string_view text) {
    return {text.data(), text.size()};
}

Error body_error(const beast::error_code& error) {
    if (error == http::error::body_limit)
        return Error(Errc::too_large, "the upload is larger than this server takes");
    if (error.category() == make_error_code(http::error::bad_chunk).category() &&
        error != http::error::partial_message && error != http::error::end_of_stream)
        return Error(Errc::bad_request, "the request's body is not well formed");
    return Error(Errc::client_gone);
}

}  // namespace

Exchange::Exchange(beast::tcp_stream& stream, beast::flat_buffer& buffer, Parser& parser,
                   const config::Config& config, const bool& is_draining)
    : stream_(stream),
      buffer_(buffer),
      parser_(parser),
      config_(config),
      is_draining_(is_draining),
      id_(random_uuid()),
      deadline_(stream) {
    const auto& message = parser_.get();
    keeps_alive_ = message.keep_alive();
    owes_continue_ = dialect::equals_ignoring_case(header("expect"), "100-continue");
    const auto target = view(message.target());
    const auto mark = target.find('?');
    request_.method = view(message.method_string());
    if (auto path = dialect::percent_decode(target.substr(0, mark), dialect::PlusSign::is_itself))
        path_ = *path;
    else
        target_error_ = path.error();
    request_.path = path_;
    if (mark != std::string_view::npos) {
        if (auto query = dialect::parse_query(target.substr(mark + 1)))
            request_.query = *query;
        else
            target_error_ = query.error().error;
    }
    request_.header = [this](std::string_view name) { return header(name); };
    request_.subprotocols = dialect::split_list(header("sec-websocket-protocol"));
}

std::string_view Exchange::header(std::string_view name) const {
    const auto& message = parser_.get();
    const auto it = message.find(beast::string_view(name.data(), name.size()));
    return it == message.end() ? std::string_view() : view(it->value());
}

asio::awaitable<Result<std::string_view>> Exchange::read_body() {
    if (std::exchange(owes_continue_, false)) {
        std::string go_on = "HTTP/1.1 100 Continue\r\n\r\n";
        (void)co_await write_raw(std::move(go_on));
    }
    if (parser_.is_done()) co_return std::string_view();
    piece_.resize(kPiece);
    auto& body = parser_.get().body();
    body.data = piece_.data();
    body.size = piece_.size();
    deadline_.start(config_.request_timeout);
    auto [error, n] = co_await http::async_read(stream_, buffer_, parser_, use_result);
    if (deadline_.stop()) {
        keeps_alive_ = false;
        co_return Error(Errc::client_idle, "the request's body did not arrive in time");
    }
    if (error && error != http::error::need_buffer) {
        keeps_alive_ = false;
        co_return body_error(error);
    }
    co_return std::string_view(piece_.data(), piece_.size() - body.size);
}

template <class Message>
void Exchange::add_common_headers(Message& message) {
    if (!parser_.is_done() || is_draining_) keeps_alive_ = false;
    message.set(http::field::server, "tutti");
    message.set("X-Request-Id", id_);
    message.set("X-Content-Type-Options", "nosniff");
    const auto origin = header("origin");
    if (!origin.empty() && std::ranges::count(config_.cors_origins, origin) > 0) {
        message.set(http::field::access_control_allow_origin, std::string(origin));
        message.set(http::field::access_control_allow_credentials, "true");
        message.set(http::field::vary, "Origin");
    }
    message.keep_alive(keeps_alive_);
}

asio::awaitable<void> Exchange::respond(Response response) {
    http::response<http::string_body> message(static_cast<http::status>(response.status),
                                              parser_.get().version());
    status_ = response.status;
    add_common_headers(message);
    if (!response.content_type.empty())
        message.set(http::field::content_type, response.content_type);
    for (const auto& [name, value] : response.headers) message.set(name, value);
    const auto size = response.body.size();
    if (parser_.get().method() != http::verb::head) message.body() = std::move(response.body);
    if (response.status != 204 && response.status != 304) message.content_length(size);
    stream_.expires_after(config_.request_timeout);
    auto [error, n] = co_await http::async_write(stream_, message, use_result);
    if (error) keeps_alive_ = false;
}

asio::awaitable<void> Exchange::begin_stream(std::string_view content_type) {
    http::response<http::empty_body> message(http::status::ok, parser_.get().version());
    status_ = 200;
    add_common_headers(message);
    message.set(http::field::content_type, std::string(content_type));
    message.set(http::field::cache_control, "no-store");
    if (parser_.get().version() >= 11)
        message.chunked(true);
    else
        keeps_alive_ = false;  // the end of the connection ends the answer
    http::response_serializer<http::empty_body> serializer(message);
    stream_.expires_after(config_.request_timeout);
    auto [error, n] = co_await http::async_write_header(stream_, serializer, use_result);
    if (error) keeps_alive_ = false;
}

asio::awaitable<bool> Exchange::write_stream(std::string text) {
    if (text.empty()) co_return true;
    if (parser_.get().version() >= 11) text = fmt::format("{:x}\r\n{}\r\n", text.size(), text);
    co_return co_await write_raw(std::move(text));
}

asio::awaitable<void> Exchange::end_stream() {
    if (parser_.get().version() < 11) co_return;
    std::string last_chunk = "0\r\n\r\n";
    (void)co_await write_raw(std::move(last_chunk));
}

asio::awaitable<bool> Exchange::write_raw(std::string bytes) {
    stream_.expires_after(config_.request_timeout);
    auto [error, n] = co_await asio::async_write(stream_, asio::buffer(bytes), use_result);
    if (error) keeps_alive_ = false;
    co_return !error;
}

asio::awaitable<void> Exchange::wait_for_disconnect() {
    // A pipelined next request is no disconnect; it makes the watch blind, which is harmless.
    auto& socket = stream_.socket();
    const auto error = co_await runtime::wait_readable(socket);
    if (error) co_return;
    char byte = 0;
    beast::error_code peeked;
    const auto n = socket.receive(asio::buffer(&byte, 1), asio::socket_base::message_peek, peeked);
    if (n > 0 && !peeked) {
        asio::steady_timer for_ever(socket.get_executor(), asio::steady_timer::time_point::max());
        co_await for_ever.async_wait(use_result);
        co_return;
    }
    keeps_alive_ = false;
}

asio::awaitable<void> Exchange::linger() {
    beast::error_code ignored;
    stream_.socket().shutdown(asio::ip::tcp::socket::shutdown_send, ignored);
    std::vector<char> drop(kPiece);
    stream_.expires_after(kLingerTime);
    for (std::size_t dropped = 0; dropped < kLingerBytes;) {
        auto [error, n] = co_await stream_.async_read_some(asio::buffer(drop), use_result);
        if (error) co_return;
        dropped += n;
    }
}

}  // namespace tutti::gateway
