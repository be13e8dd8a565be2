// SPDX-License-Identifier: Apache-2.0
// A small blocking HTTP server on a thread of its own, on a port the kernel chose. Tests only.
//
//   FakeServer server([](const Request& request) { return bytes_to_write; });
//
// Each connection carries one request. An answer without bytes means to wait until the client has
// gone. The answering function runs on the server's thread.
#pragma once

#include "cli/server_address.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <sys/socket.h>

#include <functional>
#include <string>
#include <thread>

namespace tutti::cli::test {

using Request = boost::beast::http::request<boost::beast::http::string_body>;

enum class AnswerTime { after_the_body, after_the_head };

class FakeServer {
  public:
    using Answer = std::function<std::string(const Request&)>;

    explicit FakeServer(Answer answer, AnswerTime time = AnswerTime::after_the_body)
        : answer_(std::move(answer)), time_(time), thread_([this] { serve(); }) {}
    FakeServer(const FakeServer&) = delete;
    FakeServer& operator=(const FakeServer&) = delete;
    ~FakeServer() {
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR);  // ends a blocked accept
        thread_.join();
    }

    std::string url() const {
        return "http://127.0.0.1:" + std::to_string(acceptor_.local_endpoint().port());
    }
    ServerAddress address() const { return parse_server_address(url()).value(); }

  private:
    using tcp = boost::asio::ip::tcp;

    void serve() {
        for (;;) {
            boost::system::error_code over;
            tcp::socket socket(loop_);
            acceptor_.accept(socket, over);
            if (over) return;
            serve_one(socket);
        }
    }
    void serve_one(tcp::socket& socket) {
        namespace http = boost::beast::http;
        boost::system::error_code gone;
        boost::beast::flat_buffer buffer;
        http::request_parser<http::string_body> parser;
        parser.body_limit(boost::none);
        http::read_header(socket, buffer, parser, gone);
        if (time_ == AnswerTime::after_the_body && !gone) http::read(socket, buffer, parser, gone);
        if (gone) return;
        const auto answer = answer_(parser.get());
        boost::asio::write(socket, boost::asio::buffer(answer), gone);
        if (!answer.empty()) socket.shutdown(tcp::socket::shutdown_send, gone);
        char dropped[65536];
        for (gone = {}; !gone;) socket.read_some(boost::asio::buffer(dropped), gone);
    }

    Answer answer_;
    AnswerTime time_;
    boost::asio::io_context loop_;
    tcp::acceptor acceptor_{loop_, {boost::asio::ip::address_v4::loopback(), 0}};
    std::thread thread_;
};

inline std::string answer(std::string_view status, std::string_view type, std::string_view body) {
    return "HTTP/1.1 " + std::string(status) + "\r\nContent-Type: " + std::string(type) +
           "\r\nConnection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           std::string(body);
}

// As a Tutti server lists its models.
inline std::string models_answer() {
    return answer(
        "200 OK", "application/json",
        R"({"object":"list","data":[{"id":"en-us","object":"model","owned_by":"tutti"}]})");
}

// Events in chunks of `chunk` bytes, as many as there are.
inline std::string events_answer(std::string_view events, std::size_t chunk) {
    std::string out =
        "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";
    char size[32];
    for (; !events.empty(); events.remove_prefix(std::min(chunk, events.size()))) {
        const auto piece = events.substr(0, chunk);
        std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
        out += size + std::string(piece) + "\r\n";
    }
    return out + "0\r\n\r\n";
}

inline std::string done_event(std::string_view text) {
    return "data: {\"type\":\"transcript.text.done\",\"text\":\"" + std::string(text) + "\"}\n\n";
}

}  // namespace tutti::cli::test
