// SPDX-License-Identifier: Apache-2.0
// What the command asks of a Tutti server. Each request has its own connection; used on one loop.
//
//   auto model = co_await client.default_model();
//   auto done = co_await client.transcribe(*file, {.file_name = ..., .model = *model},
//   on_progress);
#pragma once

#include "base/error.h"
#include "cli/http_call.h"
#include "cli/progress_line.h"
#include "cli/server_address.h"
#include "cli/upload.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/json/object.hpp>

#include <functional>
#include <string>

namespace tutti::cli {

namespace json = boost::json;

struct TranscriptionRequest {
    std::string file_name;  // without its folder
    std::string model;
    std::string language;  // empty = the model's own
};

class Client {
  public:
    using OnProgress = std::function<void(const Progress&)>;

    Client(asio::io_context& loop, ServerAddress address);

    const ServerAddress& address() const { return address_; }

    // The first model the server lists. Errc::unavailable when no Tutti server is there.
    asio::awaitable<Result<std::string>> default_model();

    // The members of the last event: text, words, segments. Errors carry the server's message.
    asio::awaitable<Result<json::object>> transcribe(InputFile& file,
                                                     const TranscriptionRequest& request,
                                                     const OnProgress& on_progress);

  private:
    asio::io_context& loop_;
    ServerAddress address_;
};

}  // namespace tutti::cli
