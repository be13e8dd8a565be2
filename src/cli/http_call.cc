// SPDX-License-Identifier: Apache-2.0
#include "cli/http_call.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

namespace tutti::cli {
namespace {

constexpr auto use_result = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kPiece = 64 * 1024;
constexpr auto kConnectTime = std::chrono::seconds(10);
constexpr auto kSendTime = std::chrono::minutes(2);
// A file may wait for its turn, and for a model that has to be loaded first.
constexpr auto kAnswerTime = std::chrono::minutes(10);

Error broken(const beast::error_code& error) {
    if (error == beast::error::timeout)
        return Error(Errc::io, "the server did not respond for too long");
    return Error(Errc::io, fmt::format("the connection to the server broke ({})", error.message()));
}

}  // namespace

HttpCall::HttpCall(asio::io_context& loop, const ServerAddress& address)
    : address_(address), loop_(loop), stream_(loop), piece_(kPiece) {
    parser_.body_limit(boost::none);
}

asio::awaitable<Result<void>> HttpCall::connect() {
    asio::ip::tcp::resolver resolver(loop_);
    const auto nobody = [this](const beast::error_code& error) {
        return Error(Errc::unavailable,
                     fmt::format("no server answers at {} ({})", address_.url(), error.message()));
    };
    const auto [unknown, hosts] =
        co_await resolver.async_resolve(address_.host, address_.port, use_result);
    if (unknown) co_return nobody(unknown);
    stream_.expires_after(kConnectTime);
    const auto [refused, host] = co_await stream_.async_connect(hosts, use_result);
    if (refused) co_return nobody(refused);
    co_return Result<void>();
}

asio::awaitable<Result<void>> HttpCall::send_head(http::request<http::empty_body> head) {
    head.version(11);
    head.target(address_.prefix + std::string(head.target()));
    head.set(http::field::host, address_.authority);
    head.set(http::field::user_agent, "tutti");
    head.keep_alive(false);
    stream_.expires_after(kSendTime);
    const auto [error, n] = co_await http::async_write(stream_, head, use_result);
    if (error) co_return broken(error);
    co_return Result<void>();
}

asio::awaitable<Result<void>> HttpCall::send(std::string_view bytes) {
    stream_.expires_after(kSendTime);
    const auto [error, n] =
        co_await asio::async_write(stream_, asio::buffer(bytes.data(), bytes.size()), use_result);
    if (error) co_return broken(error);
    co_return Result<void>();
}

bool HttpCall::is_answered_early() {
    beast::error_code error;
    return stream_.socket().available(error) > 0 || error;
}

asio::awaitable<Result<void>> HttpCall::receive_head() {
    stream_.expires_after(kAnswerTime);
    const auto [error, n] = co_await http::async_read_header(stream_, buffer_, parser_, use_result);
    if (error) co_return broken(error);
    co_return Result<void>();
}

asio::awaitable<Result<std::string_view>> HttpCall::receive() {
    while (!parser_.is_done()) {
        auto& body = parser_.get().body();
        body.data = piece_.data();
        body.size = piece_.size();
        stream_.expires_after(kAnswerTime);
        const auto [error, n] =
            co_await http::async_read_some(stream_, buffer_, parser_, use_result);
        if (error && error != http::error::need_buffer) co_return broken(error);
        const auto received = piece_.size() - body.size;
        if (received > 0) co_return std::string_view(piece_.data(), received);
    }
    co_return std::string_view();
}

asio::awaitable<Result<std::string>> HttpCall::receive_text(std::size_t limit) {
    std::string text;
    while (text.size() < limit) {
        const auto piece = co_await receive();
        if (!piece) co_return piece.error();
        if (piece->empty()) break;
        text.append(piece->substr(0, limit - text.size()));
    }
    co_return text;
}

}  // namespace tutti::cli
