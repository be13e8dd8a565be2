// SPDX-License-Identifier: Apache-2.0
// The words between `tutti ctl` and its user: requests from arguments, sentences from results.
// Pure.
#pragma once

#include <boost/json/object.hpp>

#include <string>
#include <string_view>

namespace tutti::cli {

// "4" is a number of processes; "+1" and "-2" change it.
bool is_amount(std::string_view text);
// REQUIRES: is_amount(amount).
boost::json::object scale_request(std::string_view what, std::string_view amount);

// One line for people on what the server did.
std::string report_line(const boost::json::object& request, const boost::json::value& result);

}  // namespace tutti::cli
