// SPDX-License-Identifier: Apache-2.0
// A server's state as `tutti ctl status` shows it: a line about the server, what is not as it
// should be, and a table of its processes. Pure.
#pragma once

#include <boost/json/object.hpp>

#include <string>

namespace tutti::cli {

enum class TextStyle { plain, coloured };

// `status` is what the control socket answers; what it lacks is shown as "?".
std::string status_text(const boost::json::object& status, TextStyle style);

}  // namespace tutti::cli
