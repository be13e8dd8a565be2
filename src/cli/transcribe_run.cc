// SPDX-License-Identifier: Apache-2.0
#include "cli/transcribe_run.h"

#include "base/exit_code.h"
#include "base/log.h"
#include "config/load.h"

#include "models/model_folders.h"
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <csignal>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

namespace tutti::cli {
namespace {

constexpr auto use_result = asio::as_tuple(asio::use_awaitable);
constexpr int kSignalExit = 128;

// A shell that starts us in the background, or nohup, has some ignored: that must stay so.
bool is_ignored(int signal) {
    struct sigaction current {};
    return ::sigaction(signal, nullptr, &current) == 0 && current.sa_handler == SIG_IGN;
}

// The model the server of our own must serve: a name that is no known model is an alias, or wrong,
// which is for the server to say.
std::string model_to_serve(const std::string& wanted) {
    const auto config =
        config::load({.environment = environ, .usual_models_dir = models::usual_models_dir()});
    const bool is_known = config && !wanted.empty() && config::find_model(*config, wanted);
    return is_known ? wanted : std::string();
}

}  // namespace

TranscribeRun::TranscribeRun(Plan plan)
    : plan_(std::move(plan)),
      signals_(loop_),
      model_(plan_.options.model),
      files_(loop_),
      tasks_(loop_) {
}

int TranscribeRun::run() {
    for (const int signal : {SIGINT, SIGTERM, SIGHUP})
        if (!is_ignored(signal)) signals_.add(signal);
    tasks_.spawn("signals", watch_signals());
    tasks_.spawn("everything", do_everything());
    loop_.run();
    if (interrupted_by_ != 0) return kSignalExit + interrupted_by_;
    return is_complete_ ? exit_code_ : exit_code::internal;
}

asio::awaitable<void> TranscribeRun::watch_signals() {
    for (;;) {
        const auto [error, signal] = co_await signals_.async_wait(use_result);
        if (error) co_return;
        interrupted_by_ = signal;
        files_.cancel();
        if (server_) server_->ask_to_stop();
    }
}

asio::awaitable<void> TranscribeRun::do_everything() {
    files_.spawn("files", transcribe_all());
    co_await files_.wait();
    status_.clear();
    if (server_) co_await server_->stop();
    signals_.cancel();
}

asio::awaitable<void> TranscribeRun::transcribe_all() {
    for (const auto& job : plan_.jobs)
        if (!co_await transcribe_one(job)) break;
    is_complete_ = true;
}

asio::awaitable<bool> TranscribeRun::transcribe_one(const Job& job) {
    auto file = InputFile::open(job.input);
    if (!file) {
        complain(job.input, file.error(), exit_code::failed);
        co_return true;
    }
    if (!client_) {
        if (const auto found = co_await find_server(); !found) {
            complain({}, found.error(), exit_code::unavailable);
            co_return false;
        }
    }
    const TranscriptionRequest request{std::filesystem::path(job.input).filename(), model_,
                                       plan_.options.language};
    const Client::OnProgress on_progress = [this, &job](const Progress& at) { show(job, at); };
    const auto transcript = co_await client_->transcribe(*file, request, on_progress);
    if (!transcript) {
        complain(job.input, transcript.error(), exit_code::failed);
        co_return true;
    }
    status_.clear();
    const auto written = write_output(job, render(*transcript, plan_.options.format, job.label));
    if (!written) complain({}, written.error(), exit_code::failed);
    co_return written || !job.output.empty();
}

asio::awaitable<Result<void>> TranscribeRun::find_server() {
    client_.emplace(loop_, plan_.address);
    const auto model = co_await client_->default_model();
    if (!model) {
        client_.reset();
        if (plan_.options.server) co_return model.error();
        co_return co_await start_server();
    }
    if (model_.empty()) model_ = *model;
    co_return Result<void>();
}

asio::awaitable<Result<void>> TranscribeRun::start_server() {
    if (status_.is_due()) status_.show("starting a server for this run ...");
    auto started = LocalServer::start(loop_, plan_.program_dir, model_to_serve(model_));
    if (!started) co_return started.error();
    server_.emplace(std::move(*started));
    const auto address = co_await server_->wait_until_ready();
    if (!address) co_return address.error();
    client_.emplace(loop_, *address);
    const auto model = co_await client_->default_model();
    if (!model) co_return model.error();
    if (model_.empty()) model_ = *model;
    co_return Result<void>();
}

void TranscribeRun::show(const Job& job, const Progress& progress) {
    if (status_.is_due()) status_.show(progress_line(job.input, progress, status_.width()));
}

void TranscribeRun::complain(const std::string& about, const Error& error, int exit_code) {
    if (interrupted_by_ != 0) return;
    status_.clear();
    const auto subject = about.empty() ? "" : log::printable(about) + ": ";
    std::fprintf(stderr, "tutti: %s%s\n", subject.c_str(), error.message().c_str());
    exit_code_ = std::max(exit_code_, exit_code);  // no server counts more than a failed file
}

}  // namespace tutti::cli
