// SPDX-License-Identifier: Apache-2.0
// A sherpa engine as the supervisor starts it, and a gateway's connection to it that blocks.
#pragma once

#include "proto/engine_messages.h"
#include "runtime/child_process.h"
#include "runtime/ipc_channel.h"
#include "runtime/scoreboard.h"

#include <chrono>
#include <optional>
#include <string>

namespace tutti::bench {

class EngineProcess {
  public:
    // Blocks until it is ready; throws when it cannot start. Ends with this object.
    EngineProcess(const std::string& program, const std::string& model_folder, std::size_t threads);

    double cpu_seconds() const;  // so far, of all its threads

    // Audio is sent by whole messages; what cannot be sent at once waits here.
    template <class Message>
    void post(const Message& message) {
        proto::append_frame(outbox_, message);
    }
    // Waits at most until then for a message, and sends what is waiting.
    std::optional<proto::FromEngine> next(std::chrono::steady_clock::time_point until);

  private:
    std::optional<proto::FromEngine> take();
    void exchange(bool may_read);

    boost::asio::io_context loop_{1};
    runtime::Scoreboard board_ = runtime::Scoreboard::create().value();
    std::optional<runtime::UnixSocket> channel_;
    std::optional<runtime::UnixSocket> connection_;
    std::optional<runtime::ChildProcess> child_;
    std::string inbox_, outbox_;
    std::size_t read_ = 0;  // of the inbox, already taken
};

}  // namespace tutti::bench
