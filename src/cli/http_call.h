// SPDX-License-Identifier: Apache-2.0
// One HTTP request and its answer, on a connection of its own.
//
//   connect(), send_head(), send()*, receive_head(), receive() until it returns nothing
//
// Every wait has a deadline. Errors are for people: Errc::unavailable when nobody answers at the
// address, Errc::io when the connection breaks later. Used on one loop.
#pragma once

#include "base/error.h"
#include "cli/server_address.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace tutti::cli {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

class HttpCall {
  public:
    HttpCall(asio::io_context& loop, const ServerAddress& address);

    asio::awaitable<Result<void>> connect();
    // Completes the head with what every request has.
    asio::awaitable<Result<void>> send_head(http::request<http::empty_body> head);
    asio::awaitable<Result<void>> send(std::string_view bytes);
    // The server has answered, or gone, before everything was sent.
    bool is_answered_early();

    asio::awaitable<Result<void>> receive_head();
    unsigned status() const { return parser_.get().result_int(); }
    // The next piece of the answer; empty at its end. Valid until the next call.
    asio::awaitable<Result<std::string_view>> receive();
    // What is left of an answer that ought to be short; cut at `limit`.
    asio::awaitable<Result<std::string>> receive_text(std::size_t limit);

  private:
    const ServerAddress& address_;
    asio::io_context& loop_;
    beast::tcp_stream stream_;
    beast::flat_buffer buffer_;
    http::response_parser<http::buffer_body> parser_;
    std::vector<char> piece_;
};

}  // namespace tutti::cli
