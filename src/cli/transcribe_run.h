// SPDX-License-Identifier: Apache-2.0
// One run of `tutti transcribe`: finds or starts a server, has each file transcribed in turn,
// writes what comes back and ends what it started, also when a signal interrupts it.
#pragma once

#include "base/error.h"
#include "cli/client.h"
#include "cli/local_server.h"
#include "cli/outputs.h"
#include "cli/status_line.h"
#include "cli/transcribe.h"
#include "runtime/task_group.h"

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>

#include <filesystem>
#include <optional>
#include <vector>

namespace tutti::cli {

inline constexpr const char* kUsualServer = "http://127.0.0.1:8000";

class TranscribeRun {
  public:
    struct Plan {
        const TranscribeOptions& options;
        ServerAddress address;
        std::vector<Job> jobs;
        std::filesystem::path program_dir;
    };

    explicit TranscribeRun(Plan plan);

    // Blocks until everything is done; returns the exit code.
    int run();

  private:
    asio::awaitable<void> watch_signals();
    asio::awaitable<void> do_everything();
    asio::awaitable<void> transcribe_all();
    // False when going on makes no sense.
    asio::awaitable<bool> transcribe_one(const Job& job);
    asio::awaitable<Result<void>> find_server();
    asio::awaitable<Result<void>> start_server();
    void show(const Job& job, const Progress& progress);
    void complain(const std::string& about, const Error& error, int exit_code);

    Plan plan_;
    asio::io_context loop_;
    asio::signal_set signals_;
    StatusLine status_;
    std::optional<LocalServer> server_;
    std::optional<Client> client_;
    std::string model_;
    int exit_code_ = 0;
    int interrupted_by_ = 0;    // a signal
    bool is_complete_ = false;  // nothing threw
    runtime::TaskGroup files_;  // the task that a signal cancels
    runtime::TaskGroup tasks_;
};

}  // namespace tutti::cli
