// SPDX-License-Identifier: Apache-2.0
// From an upgrade request to a live session: everything that can be refused is refused here, with
// a plain HTTP answer, before the handshake.
#pragma once

#include "gateway/exchange.h"
#include "gateway/routes.h"
#include "gateway/services.h"

namespace tutti::gateway {

// True when the connection became a WebSocket and has ended; false when it was answered.
asio::awaitable<bool> upgrade_to_live(Services& services, Exchange& exchange,
                                      Exchange::Parser& parser, beast::flat_buffer& buffer,
                                      const Match& match);

}  // namespace tutti::gateway
