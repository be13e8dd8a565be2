// SPDX-License-Identifier: Apache-2.0
// One client connection: its HTTP requests one after another, or the WebSocket it becomes.
#pragma once

#include "gateway/services.h"

#include <boost/asio/ip/tcp.hpp>

namespace tutti::gateway {

// Serves `socket` until either side ends it; `place` is its own among the connections.
asio::awaitable<void> serve_connection(Services& services, asio::ip::tcp::socket socket,
                                       Admission::Place place);

}  // namespace tutti::gateway
