// SPDX-License-Identifier: Apache-2.0
// An HTTP server within a test: one thread a connection, on a loopback port of the kernel's choice.
//
//   TestServer server([](TestServer::Peer& peer) { peer.reply(200, "text"); });
//   server.url()                       // of any path
//
// The handler is called on the connections' threads, several at once, for each request. The
// destructor cuts every connection, also under a handler that waits in stall().
#pragma once

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <atomic>
#include <condition_variable>
#include <functional>
#include <list>
#include <mutex>
#include <string>
#include <thread>

namespace tutti::engine {

class TestServer {
    using Tcp = boost::asio::ip::tcp;

  public:
    using Request = boost::beast::http::request<boost::beast::http::string_body>;

    class Peer {
      public:
        const Request& request() const { return request_; }
        int connection() const { return connection_; }  // from 1
        int nth() const { return nth_; }                // request of this connection, from 1

        void reply(unsigned status, std::string_view body, std::string_view more_headers = {}) {
            raw("HTTP/1.1 " + std::to_string(status) +
                " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n" +
                std::string(more_headers) + "\r\n" + std::string(body));
        }
        void raw(std::string_view bytes) {
            boost::system::error_code error;
            boost::asio::write(socket_, boost::asio::buffer(bytes), error);
            if (error) is_open_ = false;
        }
        void close() { is_open_ = false; }
        void reset() {
            boost::system::error_code ignored;
            socket_.set_option(boost::asio::socket_base::linger(true, 0), ignored);
            is_open_ = false;
        }
        // Until the server or this connection's client ends.
        void stall() {
            char byte;
            boost::system::error_code error;
            while (!error) socket_.read_some(boost::asio::buffer(&byte, 1), error);
            is_open_ = false;
        }

      private:
        friend TestServer;
        Peer(Tcp::socket& socket, int connection) : socket_(socket), connection_(connection) {}
        Tcp::socket& socket_;
        Request request_;
        const int connection_;
        int nth_ = 0;
        bool is_open_ = true;
    };
    using Handler = std::function<void(Peer&)>;

    explicit TestServer(Handler handler) : handler_(std::move(handler)) {
        acceptor_.open(Tcp::v4());
        acceptor_.bind({boost::asio::ip::address_v4::loopback(), 0});
        acceptor_.listen();
        port_ = acceptor_.local_endpoint().port();
        thread_ = std::thread([this] { accept(); });
    }
    TestServer(const TestServer&) = delete;
    TestServer& operator=(const TestServer&) = delete;
    ~TestServer() {
        is_stopping_ = true;
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR);
        thread_.join();
        {
            std::lock_guard lock(mutex_);
            for (auto& one : connections_) one.cut();
        }
        for (auto& one : connections_) one.thread.join();
    }

    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_) + "/v1/x"; }
    int connections() const { return accepted_; }
    int requests() const { return requests_; }

  private:
    struct Connection {
        explicit Connection(Tcp::socket s) : socket(std::move(s)) {}
        void cut() {
            std::lock_guard lock(mutex);
            if (socket.is_open()) ::shutdown(socket.native_handle(), SHUT_RDWR);
        }
        void close() {
            std::lock_guard lock(mutex);
            boost::system::error_code ignored;
            socket.close(ignored);
        }
        std::mutex mutex;  // of closing
        Tcp::socket socket;
        std::thread thread;
    };

    void accept() {
        for (;;) {
            boost::system::error_code error;
            auto socket = acceptor_.accept(error);
            if (is_stopping_ || error) return;
            const int number = ++accepted_;
            std::lock_guard lock(mutex_);
            auto& one = connections_.emplace_back(std::move(socket));
            one.thread = std::thread([this, &one, number] {
                serve(one.socket, number);
                one.close();
            });
        }
    }

    void serve(Tcp::socket& socket, int number) {
        Peer peer(socket, number);
        boost::beast::flat_buffer buffer;
        while (peer.is_open_) {
            boost::beast::http::request_parser<boost::beast::http::string_body> parser;
            parser.body_limit(64 << 20);
            boost::system::error_code error;
            boost::beast::http::read(socket, buffer, parser, error);
            if (error) return;
            peer.request_ = parser.release();
            ++peer.nth_;
            ++requests_;
            handler_(peer);
        }
    }

    Handler handler_;
    boost::asio::io_context context_;
    Tcp::acceptor acceptor_{context_};
    std::uint16_t port_ = 0;
    std::atomic<bool> is_stopping_ = false;
    std::atomic<int> accepted_ = 0;
    std::atomic<int> requests_ = 0;
    std::mutex mutex_;
    std::list<Connection> connections_;  // guarded by mutex_ until the acceptor's thread has ended
    std::thread thread_;
};

}  // namespace tutti::engine
