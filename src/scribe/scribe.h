// SPDX-License-Identifier: Apache-2.0
// The role that turns files into transcripts: takes jobs from gateways (proto/job_messages.h) and
// drives each through the decoder, the segmenter and the engines.
//
//   int code = scribe::run(config, slot);      // the whole process
//
//   Scribe scribe(loop, std::move(listener), slot, config);
//   tasks.spawn("scribe", scribe.run());       // until drained or stopped
//   scribe.update(roster);
//
// drain() takes no more jobs, drops those that still wait for a place (their gateways submit them
// elsewhere), and ends run() when the running ones are done or `limit` (zero = none) is over;
// stop() ends it now. Loop thread only.
#pragma once

#include "config/config.h"
#include "scribe/job.h"

#include <set>

namespace tutti::scribe {

using UnixAcceptor = asio::local::stream_protocol::acceptor;

class Scribe {
  public:
    static constexpr std::size_t kWaitingLimit = 1000;

    Scribe(asio::io_context& loop, UnixAcceptor listener, runtime::Slot& slot,
           const config::Config& config);

    asio::awaitable<void> run();
    void update(const proto::Roster& roster) { engines_.update(roster); }
    // See dispatch::Engines.
    void on_wanted(std::function<void(const std::string& model)> tell) {
        engines_.on_wanted = std::move(tell);
    }
    void drain(proto::Millis limit);
    void stop();
    std::size_t job_count() const { return jobs_.size(); }  // waiting ones included

  private:
    asio::awaitable<void> accept();
    asio::awaitable<void> serve(runtime::UnixSocket socket);
    bool must_end() const;

    const config::Config& config_;
    UnixAcceptor listener_;
    dispatch::Engines engines_;
    Places places_;
    JobContext context_;
    std::set<Job*> jobs_;
    bool is_draining_ = false;
    bool is_stopping_ = false;
    asio::steady_timer ending_;  // expires when run() ends at the latest
    runtime::TaskGroup tasks_;
};

// Speaks the contract of runtime/worker.h. Returns an exit code: ok after a drain or SIGTERM,
// lost_parent when the supervisor is gone.
int run(const config::Config& config, std::size_t slot);

}  // namespace tutti::scribe
