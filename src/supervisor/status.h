// SPDX-License-Identifier: Apache-2.0
// The server's state as `tutti ctl status` gets it; the fields are listed in docs/operations.md.
#pragma once

#include "supervisor/server.h"

#include <boost/json/object.hpp>

namespace tutti::supervisor {

boost::json::object status_of(const Server& server, bool is_upgrading);

// A list with an object for each served model.
boost::json::array status_of(const Models& models);

}  // namespace tutti::supervisor
