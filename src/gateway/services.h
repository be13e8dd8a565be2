// SPDX-License-Identifier: Apache-2.0
// What every connection of a gateway shares. Loop thread only; outlives all connections.
#pragma once

#include "config/config.h"
#include "dispatch/engines.h"
#include "gateway/admission.h"
#include "gateway/host_sampler.h"
#include "gateway/pauses.h"
#include "gateway/resting.h"
#include "gateway/scribes.h"
#include "gateway/static_site.h"
#include "runtime/blocking_pool.h"
#include "runtime/worker.h"

#include <functional>
#include <set>

namespace tutti::gateway {

namespace asio = boost::asio;

class LiveSession;

struct Services {
    asio::io_context& loop;
    const config::Config& config;
    runtime::Worker& worker;
    runtime::Slot& slot;
    dispatch::Engines engines;
    Scribes scribes;
    StaticSite site;
    HostSampler host;
    runtime::BlockingPool files{2};
    Admission admission;
    Resting resting;
    Pauses pauses = {};
    std::string resume_key = {};  // the same in all gateways of the node
    // This gateway is to end: it says that it is not ready, and answers "Connection: close".
    bool is_draining = false;
    // Nothing new is taken any more: no connection, no live stream.
    bool is_closing = false;
    // The supervisor is gone and the engines end too: there is nothing to wait for.
    bool is_orphaned = false;
    std::set<LiveSession*> live_sessions;
};

}  // namespace tutti::gateway
