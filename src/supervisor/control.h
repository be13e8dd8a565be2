// SPDX-License-Identifier: Apache-2.0
// The control socket: where `tutti ctl` asks for the server's state and for changes.
//
//   auto socket = ControlSocket::open(path);      // or adopt() that of the server we replace
//   tasks.spawn("control", control.run());
//
// One connection, one request: a line of JSON {"command": ...}, answered by a line {"ok": true,
// "result": ...} or {"ok": false, "error": "why"}. Only root and the server's own user are heard.
// Every change is logged. Loop thread only.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"
#include "runtime/task_group.h"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/json/value.hpp>

#include <functional>
#include <string>

namespace tutti::supervisor {

namespace asio = boost::asio;

// The socket's file, mode 0600, with a lock beside it that is held as long as the server lives: a
// live server's socket is never taken from it, a dead one's is replaced.
class ControlSocket {
  public:
    static Result<ControlSocket> open(std::string path);
    static ControlSocket adopt(UniqueFd listener, UniqueFd lock);

    ControlSocket(ControlSocket&&) = default;
    ControlSocket& operator=(ControlSocket&&) = delete;
    // Removes the file, unless let go.
    ~ControlSocket();

    const std::string& path() const { return path_; }
    int listener() const { return listener_.get(); }
    int lock() const { return lock_.get(); }
    // The successor has it now.
    void let_go() { is_let_go_ = true; }

  private:
    ControlSocket(std::string path, UniqueFd listener, UniqueFd lock)
        : path_(std::move(path)), listener_(std::move(listener)), lock_(std::move(lock)) {}

    std::string path_;
    UniqueFd listener_;
    UniqueFd lock_;
    bool is_let_go_ = false;
};

class ControlServer {
  public:
    using Reply = Result<boost::json::value>;
    // Performs a request; `caller` is for the log ("uid=0 pid=77").
    using Handler =
        std::function<asio::awaitable<Reply>(boost::json::object request, std::string caller)>;

    ControlServer(asio::io_context& loop, Handler handler);

    // Answers on a socket that stays the caller's, until stop().
    void listen(int socket);
    void stop();
    asio::awaitable<void> wait() { return tasks_.wait(); }

  private:
    using Socket = asio::local::stream_protocol::socket;

    asio::awaitable<void> accept();
    asio::awaitable<void> serve(Socket socket);

    asio::io_context& loop_;
    Handler handler_;
    asio::local::stream_protocol::acceptor acceptor_;
    runtime::TaskGroup tasks_;
};

}  // namespace tutti::supervisor
