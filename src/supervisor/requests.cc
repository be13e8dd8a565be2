// SPDX-License-Identifier: Apache-2.0
#include "supervisor/requests.h"

#include "base/log.h"
#include "config/load.h"
#include "supervisor/status.h"

#include <boost/json/parse.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tutti::supervisor {
namespace {

namespace json = boost::json;
using Reply = ControlServer::Reply;

constexpr std::array<std::string_view, 5> kOfClients = {"models", "load", "unload", "pin", "unpin"};

std::string text_of(const json::object& request, std::string_view key) {
    const auto* value = request.if_contains(key);
    return value && value->is_string() ? std::string(value->as_string()) : std::string();
}

std::optional<std::int64_t> number_of(const json::object& request, std::string_view key) {
    const auto* value = request.if_contains(key);
    return value && value->is_int64() ? std::optional(value->as_int64()) : std::nullopt;
}

Reply reply_of(Result<void> done, json::value result) {
    if (!done) return done.error();
    return result;
}

asio::awaitable<Reply> scale(Server& server, const json::object& request) {
    const auto what = text_of(request, "what");
    auto to = number_of(request, "to");
    if (const auto by = number_of(request, "by"); by && !to) {
        const auto now = server.count_of(what);
        if (!now) co_return now.error();
        to = *now + *by;
    }
    if (!to || *to < 0 || *to > 1'000'000)
        co_return Error(Errc::bad_request, "scale needs \"to\" or \"by\", a number");
    const auto done = co_await server.scale(what, static_cast<int>(*to));
    if (!done) co_return done.error();
    co_return json::value{{"what", what}, {"count", *done}};
}

Reply stop(Operations& operations, const std::string& how) {
    if (how.empty() || how == "graceful")
        operations.stop_gracefully();
    else if (how == "quick")
        operations.stop_quickly();
    else if (how == "now")
        operations.stop_now();
    else
        return Error(Errc::bad_request, "stop is graceful, quick or now");
    return json::value("stopping");
}

asio::awaitable<Reply> upgrade(Operations& operations) {
    const auto pid = co_await operations.upgrade();
    if (!pid) co_return pid.error();
    co_return json::value{{"pid", *pid}};
}

asio::awaitable<Reply> change(Operations& operations, const std::string& command,
                              const json::object& request) {
    auto& server = operations.server();
    if (command == "reload") {
        auto done = co_await operations.reload();
        co_return reply_of(std::move(done), {{"generation", server.generation().number}});
    }
    if (command == "scale") co_return co_await scale(server, request);
    if (command == "restart") {
        auto done = co_await server.restart(text_of(request, "what"));
        co_return reply_of(std::move(done), "restarted");
    }
    if (command == "drain") {
        auto done = co_await server.drain(server.stop_drain());
        co_return reply_of(std::move(done), "draining");
    }
    if (command == "undrain") {
        auto done = co_await server.undrain();
        co_return reply_of(std::move(done), "ready");
    }
    if (command == "load") {
        const auto model = text_of(request, "what");
        auto done = co_await server.models().load(model);
        co_return reply_of(std::move(done), "loaded");
    }
    if (command == "unload")
        co_return reply_of(server.models().unload(text_of(request, "what")), "unloaded");
    if (command == "pin" || command == "unpin")
        co_return reply_of(server.models().pin(text_of(request, "what"), command == "pin"),
                           command == "pin" ? "pinned" : "unpinned");
    if (command == "log-level")
        co_return reply_of(server.set_log_level(text_of(request, "level")), "set");
    if (command == "upgrade") co_return co_await upgrade(operations);
    if (command == "stop") co_return stop(operations, text_of(request, "how"));
    if (command == "reopen") {
        server.reopen_logs();
        co_return json::value("reopened");
    }
    co_return Error(Errc::bad_request,
                    fmt::format("there is no command '{}'", log::printable(command, 40)));
}

}  // namespace

asio::awaitable<Reply> perform(Operations& operations, json::object request, std::string caller) {
    const auto command = text_of(request, "command");
    auto& server = operations.server();
    if (command == "status") co_return json::value(status_of(server, operations.is_upgrading()));
    if (command == "models") co_return json::value(status_of(server.models()));
    if (command == "config") co_return json::value(config::print(server.config()));
    auto reply = co_await change(operations, command, request);
    if (reply)
        log::info("control: {} asked for {}: done", caller, log::printable(command, 40));
    else
        log::warn("control: {} asked for {}: {}", caller, log::printable(command, 40),
                  reply.error().context);
    co_return reply;
}

asio::awaitable<Reply> perform_for_client(Operations& operations, std::string request,
                                          std::string gateway) {
    boost::system::error_code failure;
    auto parsed = json::parse(request, failure);
    if (failure || !parsed.is_object())
        co_return Error(Errc::internal, "the gateway asked for nothing that can be read");
    const auto command = text_of(parsed.as_object(), "command");
    if (std::ranges::count(kOfClients, command) == 0)
        co_return Error(Errc::bad_request, "no client may ask for that");
    auto caller = "a client of " + gateway;
    co_return co_await perform(operations, std::move(parsed.as_object()), std::move(caller));
}

}  // namespace tutti::supervisor
