// SPDX-License-Identifier: Apache-2.0
// What the control socket can ask for: JSON requests turned into calls.
#pragma once

#include "supervisor/control.h"
#include "supervisor/server.h"

#include <boost/json/object.hpp>

namespace tutti::supervisor {

// The parts of the supervisor that are not the server's own.
class Operations {
  public:
    virtual ~Operations() = default;
    virtual Server& server() = 0;
    virtual bool is_upgrading() const = 0;
    virtual asio::awaitable<Result<void>> reload() = 0;
    virtual asio::awaitable<Result<pid_t>> upgrade() = 0;
    virtual void stop_gracefully() = 0;
    virtual void stop_quickly() = 0;
    virtual void stop_now() = 0;
};

asio::awaitable<ControlServer::Reply> perform(Operations& operations, boost::json::object request,
                                              std::string caller);

// The same for a client of a gateway, who may look at the models, load and unload them. `request`
// is JSON.
asio::awaitable<ControlServer::Reply> perform_for_client(Operations& operations,
                                                         std::string request, std::string gateway);

}  // namespace tutti::supervisor
