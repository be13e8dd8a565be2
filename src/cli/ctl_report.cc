// SPDX-License-Identifier: Apache-2.0
#include "cli/ctl_report.h"

#include "base/check.h"
#include "base/log.h"

#include <boost/json/serialize.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace tutti::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kMostDigits = 9;

std::string text_of(const json::value* value) {
    if (!value) return "?";
    return log::printable(value->is_string() ? std::string(value->get_string())
                                             : json::serialize(*value));
}

// A member of what may be an object.
std::string member_of(const json::value& value, std::string_view key) {
    const auto* object = value.if_object();
    return text_of(object ? object->if_contains(key) : nullptr);
}

std::string stop_line(std::string_view how) {
    if (how == "quick") return "stopping within 2 s";
    if (how == "now") return "stopping at once";
    return "stopping: what is under way is finished first";
}

}  // namespace

bool is_amount(std::string_view text) {
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    return !text.empty() && text.size() <= kMostDigits &&
           std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

json::object scale_request(std::string_view what, std::string_view amount) {
    check(is_amount(amount), "a number of processes that is none");
    const bool is_change = amount.starts_with('+') || amount.starts_with('-');
    const auto digits = amount.substr(amount.starts_with('+') ? 1 : 0);
    std::int64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return {{"command", "scale"}, {"what", what}, {is_change ? "by" : "to", number}};
}

std::string report_line(const json::object& request, const json::value& result) {
    const auto asked = [&request](std::string_view key) {
        return text_of(request.if_contains(key));
    };
    const auto command = asked("command");
    if (command == "reload")
        return fmt::format("reloaded: generation {}", member_of(result, "generation"));
    if (command == "reopen") return "the log files are open anew";
    if (command == "drain") return "draining: no gateway takes clients until undrain or reload";
    if (command == "undrain") return "gateways take clients again";
    if (command == "upgrade")
        return fmt::format("upgraded: the server with pid {} serves", member_of(result, "pid"));
    if (command == "restart") return fmt::format("restarted {}", asked("what"));
    if (command == "load" || command == "unload" || command == "pin" || command == "unpin")
        return fmt::format("{}: {}", asked("what"), text_of(&result));
    if (command == "log-level") return fmt::format("the log level is {}", asked("level"));
    if (command == "stop") return stop_line(asked("how"));
    if (command == "scale") {
        const auto count = member_of(result, "count");
        return fmt::format("{}: {} process{}", asked("what"), count, count == "1" ? "" : "es");
    }
    return text_of(&result);
}

}  // namespace tutti::cli
