// SPDX-License-Identifier: Apache-2.0
// A server of our own for the length of one run: `tutti serve` on a port the system chooses.
//
//   auto server = LocalServer::start(loop, program_dir, model);
//   auto address = co_await server->wait_until_ready();
//   co_await server->stop();
//
// 1. What the server writes to standard error is kept and shown only in errors.
// 2. Destroyed while the server runs, it kills it with SIGKILL; the server's children then end by
//    themselves.
#pragma once

#include "base/error.h"
#include "base/unique_fd.h"
#include "cli/server_address.h"
#include "runtime/child_process.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <filesystem>
#include <string>

namespace tutti::cli {

namespace asio = boost::asio;

class LocalServer {
  public:
    // It serves `model`, or what its configuration says when that is empty.
    static Result<LocalServer> start(asio::io_context& loop,
                                     const std::filesystem::path& program_dir,
                                     const std::string& model);

    // Errc::unavailable when it ends or says nothing for too long.
    asio::awaitable<Result<ServerAddress>> wait_until_ready();

    // Asks it to end; each further time more urgently.
    void ask_to_stop();
    // Asks, waits and reaps.
    asio::awaitable<void> stop();

  private:
    LocalServer(runtime::ChildProcess process, asio::posix::stream_descriptor output, UniqueFd log);
    asio::awaitable<std::string> read_line();
    std::string log_tail() const;

    runtime::ChildProcess process_;
    asio::posix::stream_descriptor output_;
    UniqueFd log_;
};

}  // namespace tutti::cli
