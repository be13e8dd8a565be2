// SPDX-License-Identifier: Apache-2.0
// An HTTP server for downloads that goes wrong as it is told, on a thread of its own and a port the
// kernel chose. Tests only.
//
//   FaultServer server(content);
//   server.next({.cut_after = 100});       // the first answer; when none is left: a good one
//   server.next({.status = 503});
//   download(server.url("/model.tar.gz"), …);
//   server.asked();                        // what the requests said
//
// Good answers have an ETag and honour Range and If-Range.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace tutti::depot::test {

struct Fault {
    int status = 0;                        // 0 = 200, 206 or 416, as the request asks
    std::optional<std::size_t> cut_after;  // bytes of the body; then the connection ends
    bool is_reset = false;                 // ends with a reset instead
    bool stalls = false;                   // after the cut; until the client goes away
    bool ignores_range = false;
    bool has_no_length = false;  // chunked
    std::string etag;            // from now on
    std::string content;         // from now on
    std::string headers;         // whole lines, sent besides
};

struct Asked {
    std::string path;
    std::string range;
    std::string if_range;
};

class FaultServer {
  public:
    explicit FaultServer(std::string content)
        : content_(std::move(content)), thread_([this] { serve(); }) {}
    FaultServer(const FaultServer&) = delete;
    ~FaultServer() {
        ::shutdown(acceptor_.native_handle(), SHUT_RDWR);  // ends a blocked accept
        thread_.join();
    }

    std::string url(const std::string& path = "/file.tar.gz") const {
        return fmt::format("http://127.0.0.1:{}{}", acceptor_.local_endpoint().port(), path);
    }
    void next(Fault fault) {
        const std::lock_guard lock(mutex_);
        faults_.push_back(std::move(fault));
    }
    std::vector<Asked> asked() const {
        const std::lock_guard lock(mutex_);
        return asked_;
    }

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

    static std::string header_of(const std::string& head, const std::string& name) {
        const auto at = head.find("\r\n" + name + ": ");
        if (at == head.npos) return {};
        const auto begin = at + name.size() + 4;
        return head.substr(begin, head.find("\r\n", begin) - begin);
    }

    void serve_one(tcp::socket& socket) {
        boost::system::error_code gone;
        boost::asio::streambuf buffer;
        boost::asio::read_until(socket, buffer, "\r\n\r\n", gone);
        if (gone) return;
        const std::string head(boost::asio::buffers_begin(buffer.data()),
                               boost::asio::buffers_end(buffer.data()));
        Asked asked{.path = head.substr(4, head.find(' ', 4) - 4),
                    .range = header_of(head, "Range"),
                    .if_range = header_of(head, "If-Range")};
        Fault fault;
        {
            const std::lock_guard lock(mutex_);
            asked_.push_back(asked);
            if (!faults_.empty()) {
                fault = std::move(faults_.front());
                faults_.pop_front();
            }
        }
        if (!fault.etag.empty()) etag_ = fault.etag;
        if (!fault.content.empty()) content_ = fault.content;
        answer(socket, asked, fault);
    }

    void answer(tcp::socket& socket, const Asked& asked, const Fault& fault) {
        std::size_t first = 0;
        const bool is_part =
            !asked.range.empty() && asked.if_range == etag_ && !fault.ignores_range;
        if (is_part) first = std::stoull(asked.range.substr(asked.range.find('=') + 1));
        std::string body =
            fault.status != 0 ? "no" : content_.substr(std::min(first, content_.size()));
        int status = fault.status != 0 ? fault.status : is_part ? 206 : 200;
        std::string head;
        if (status == 206 && first >= content_.size()) {
            status = 416;
            body.clear();
            head = fmt::format("Content-Range: bytes */{}\r\n", content_.size());
        } else if (status == 206) {
            head = fmt::format("Content-Range: bytes {}-{}/{}\r\n", first, content_.size() - 1,
                               content_.size());
        }
        head += fault.has_no_length ? "" : fmt::format("Content-Length: {}\r\n", body.size());
        boost::system::error_code gone;
        const auto text = fmt::format("HTTP/1.1 {} X\r\nETag: {}\r\nConnection: close\r\n{}{}\r\n",
                                      status, etag_, head, fault.headers);
        boost::asio::write(socket, boost::asio::buffer(text), gone);
        boost::asio::write(socket, boost::asio::buffer(body, fault.cut_after.value_or(body.size())),
                           gone);
        if (fault.is_reset) {
            socket.set_option(boost::asio::socket_base::linger(true, 0), gone);
            return;
        }
        if (!fault.stalls) socket.shutdown(tcp::socket::shutdown_send, gone);
        char dropped[1024];
        for (gone = {}; !gone;) socket.read_some(boost::asio::buffer(dropped), gone);
    }

    mutable std::mutex mutex_;
    std::deque<Fault> faults_;      // guarded by mutex_
    std::vector<Asked> asked_;      // guarded by mutex_
    std::string content_;           // of the thread
    std::string etag_ = "\"one\"";  // of the thread
    boost::asio::io_context loop_;
    tcp::acceptor acceptor_{loop_, {boost::asio::ip::address_v4::loopback(), 0}};
    std::thread thread_;
};

}  // namespace tutti::depot::test
