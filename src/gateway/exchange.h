// SPDX-License-Identifier: Apache-2.0
// One HTTP request and its answer, as a handler sees them.
//
//   read_body() until it returns no bytes, then respond() once; or begin_stream(),
//   write_stream()*, end_stream() for an answer that grows.
//
// An answer given before the body was read closes the connection afterwards. Every wait has a
// deadline (config.request_timeout without a byte). Lives on the connection's coroutine.
#pragma once

#include "base/error.h"
#include "config/config.h"
#include "dialect/http_request.h"
#include "gateway/read_deadline.h"

#include <boost/asio/awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tutti::gateway {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

struct Response {
    unsigned status = 200;
    std::string content_type = "application/json";
    std::string body;
    std::vector<std::pair<std::string, std::string>> headers = {};
};

class Exchange {
  public:
    using Parser = http::request_parser<http::buffer_body>;

    // `is_draining` is looked at when the answer begins, and must outlive the exchange.
    Exchange(beast::tcp_stream& stream, beast::flat_buffer& buffer, Parser& parser,
             const config::Config& config, const bool& is_draining);

    // Empty when the target cannot be read; `target_error` says why.
    const dialect::HttpRequest& request() const { return request_; }
    const std::optional<Error>& target_error() const { return target_error_; }
    std::string_view method() const { return request_.method; }
    std::string_view path() const { return path_; }
    std::string_view header(std::string_view name) const;
    const std::string& id() const { return id_; }
    beast::tcp_stream& stream() { return stream_; }

    // The next piece of the body; empty at its end. Valid until the next call. Errors:
    // too_large, client_idle, client_gone, bad_request.
    asio::awaitable<Result<std::string_view>> read_body();

    asio::awaitable<void> respond(Response response);

    asio::awaitable<void> begin_stream(std::string_view content_type);
    // False once the client is gone.
    asio::awaitable<bool> write_stream(std::string text);
    asio::awaitable<void> end_stream();

    // Returns when the client closes or breaks the connection; cancelled when the answer is ready.
    asio::awaitable<void> wait_for_disconnect();

    bool keeps_alive() const { return keeps_alive_; }
    bool has_answered() const { return status_ != 0; }
    unsigned status() const { return status_; }
    bool is_body_read() const { return parser_.is_done(); }
    // Reads and drops what is left of the body for a moment, so that a client which is still
    // sending gets to read the answer before the connection ends.
    asio::awaitable<void> linger();

  private:
    template <class Message>
    void add_common_headers(Message& message);
    asio::awaitable<bool> write_raw(std::string bytes);

    beast::tcp_stream& stream_;
    beast::flat_buffer& buffer_;
    Parser& parser_;
    const config::Config& config_;
    const bool& is_draining_;
    std::string id_;
    std::string path_;
    dialect::HttpRequest request_;
    std::optional<Error> target_error_;
    std::vector<char> piece_;
    ReadDeadline deadline_;
    bool owes_continue_ = false;
    bool keeps_alive_ = false;
    unsigned status_ = 0;
};

}  // namespace tutti::gateway
