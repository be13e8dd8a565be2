// SPDX-License-Identifier: Apache-2.0
#include "cli/local_server.h"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/experimental/awaitable_operators.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace tutti::cli {
namespace {

using asio::experimental::awaitable_operators::operator||;

constexpr auto kStartTime = std::chrono::minutes(2);
constexpr auto kStopTime = std::chrono::seconds(30);
constexpr std::size_t kLongestLine = 4096;
constexpr off_t kShownLog = 2000;
constexpr auto use_result = asio::as_tuple(asio::use_awaitable);

std::vector<std::string> arguments(const std::string& model) {
    std::vector<std::string> out = {"tutti",       "serve", "--host",          "127.0.0.1",
                                    "--port",      "0",     "--gateways",      "1",
                                    "--log-level", "error", "--resume-window", "0"};
    if (!model.empty()) out.insert(out.end(), {"--models", model});
    return out;
}

Result<ServerAddress> address_in(std::string_view line) {
    static constexpr std::string_view kReady = "Tutti is ready: open ";
    while (line.ends_with('\n') || line.ends_with('\r')) line.remove_suffix(1);
    if (!line.starts_with(kReady))
        return Error(Errc::unavailable, "the started server says something unexpected");
    return parse_server_address(line.substr(kReady.size()));
}

asio::awaitable<void> wait_for(asio::steady_timer& timer) {
    co_await timer.async_wait(asio::use_awaitable);
}

}  // namespace

Result<LocalServer> LocalServer::start(asio::io_context& loop,
                                       const std::filesystem::path& program_dir,
                                       const std::string& model) {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) return errno_error("pipe");
    UniqueFd ours(ends[0]), theirs(ends[1]);
    UniqueFd log(::memfd_create("tutti-server-log", MFD_CLOEXEC));
    if (!log) return errno_error("memfd_create");
    const runtime::SpawnSpec spec{
        .path = program_dir / "tutti",
        .argv = arguments(model),
        .fds = {{theirs.get(), STDOUT_FILENO}, {log.get(), STDERR_FILENO}}};
    auto process = runtime::ChildProcess::start(loop, spec);
    if (!process) return process.error();
    return LocalServer(std::move(*process), asio::posix::stream_descriptor(loop, ours.release()),
                       std::move(log));
}

LocalServer::LocalServer(runtime::ChildProcess process, asio::posix::stream_descriptor output,
                         UniqueFd log)
    : process_(std::move(process)), output_(std::move(output)), log_(std::move(log)) {
}

// Whatever came until the end when there is no whole line.
asio::awaitable<std::string> LocalServer::read_line() {
    std::string text;
    co_await asio::async_read_until(output_, asio::dynamic_buffer(text, kLongestLine), '\n',
                                    use_result);
    co_return text;
}

asio::awaitable<Result<ServerAddress>> LocalServer::wait_until_ready() {
    asio::steady_timer deadline(output_.get_executor(), kStartTime);
    auto first = co_await (read_line() || wait_for(deadline));
    const auto* line = std::get_if<std::string>(&first);
    if (!line) co_return Error(Errc::unavailable, "the started server does not get ready");
    if (!line->empty()) co_return address_in(*line);
    const auto status = co_await process_.wait();
    co_return Error(Errc::unavailable, fmt::format("the server could not start ({}){}",
                                                   status.describe(), log_tail()));
}

void LocalServer::ask_to_stop() {
    process_.signal(SIGINT);  // unlike TERM, not for a load balancer to notice first
}

asio::awaitable<void> LocalServer::stop() {
    ask_to_stop();
    asio::steady_timer deadline(output_.get_executor(), kStopTime);
    co_await (process_.wait() || wait_for(deadline));
}

// Its last lines, each on a line of its own.
std::string LocalServer::log_tail() const {
    const auto size = ::lseek(log_.get(), 0, SEEK_END);
    const auto from = std::max<off_t>(size - kShownLog, 0);
    std::string text(static_cast<std::size_t>(std::max<off_t>(size - from, 0)), '\0');
    const auto n = ::pread(log_.get(), text.data(), text.size(), from);
    text.resize(static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (from > 0) text.erase(0, text.find('\n') + 1);
    while (text.ends_with('\n')) text.pop_back();
    return text.empty() ? text : ":\n" + text;
}

}  // namespace tutti::cli
